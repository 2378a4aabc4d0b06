"""Files: image folders, TUM, KITTI and EuRoC layouts, rosbags, HDF5, trajectories."""
