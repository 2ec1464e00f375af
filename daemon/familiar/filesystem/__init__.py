"""What the kernel knows of files: regular files, held descriptors, mounts and disks."""
