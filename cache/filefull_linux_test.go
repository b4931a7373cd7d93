package cache_test

import "syscall"

// fillDisk keeps this process from writing a single byte into a file.
func fillDisk() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{}) }
