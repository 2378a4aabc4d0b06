"""The doors to ROS 2: nodes subscribe, call one function of the other layers, publish."""
