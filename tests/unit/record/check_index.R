# Checks index.h5 as readers.cpp wrote it; every warning is an error.
options(warn = 2)
library(rhdf5)
everything <- h5read("index.h5", "/")
cells <- everything$cells
stopifnot(cells$method == c("Größe", "Größe"), cells$seed == 2^40 + 1, cells$replicate == 0)
stopifnot(cells$planned == c(0, 1), is.numeric(cells$planned))
stopifnot(cells$bytes == file.size(cells$path), abs(cells$modified - as.numeric(file.mtime(cells$path))) < 1e-3)
stopifnot(everything$options$model.dimension == c(2, 20), everything$metrics$elbo == c(-1, -2))
stopifnot(everything$unreadable$path == "cells/00/damaged.h5", everything$unreadable$bytes == 8)
stopifnot(h5readAttributes("index.h5", "/")$format == 2)
stopifnot(length(h5read("empty/index.h5", "/")$cells$hash) == 0)
cat("the index reads\n")
