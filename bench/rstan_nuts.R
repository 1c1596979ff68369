# NUTS of Elbow beside NUTS of rstan on the same models and data: bench/rstan_nuts.sh runs this with the
# build folder as its argument. Four chains of 1000 + 1000 transitions on one core; the effective sample size
# is the smallest bulk ESS of the parameters, by R's posterior for both; warm-up is counted in the gradients
# and in the seconds of both. rstan's seconds are processor time, Elbow's are wall time and so can only be
# worse. Names after the build folder pick problems; `held_out` means all those on which nothing of Elbow's
# warm-up was chosen. ELBOW_DATA names a folder with posteriordb's data; without it those data are generated.
suppressPackageStartupMessages({
  library(rstan)
  library(posterior)
  library(rhdf5)
})
arguments <- commandArgs(trailingOnly = TRUE)
build <- normalizePath(arguments[1])
only <- arguments[-1]  # names of problems; none: all
sources <- "bench/stan"
work <- file.path(build, "bench", "rstan_nuts")
dir.create(work, recursive = TRUE, showWarnings = FALSE)

# One compilation per Stan program and version of it, in a process of its own: rstan does not find the module
# of a second program that is compiled in one session.
compiled <- function(name) {
  file <- file.path(sources, paste0(name, ".stan"))
  cache <- file.path(work, paste0(name, "-", tools::md5sum(file), ".rds"))
  if (!file.exists(cache)) {
    message("compiling ", file)
    compilation <- bquote({
      suppressPackageStartupMessages(library(rstan))
      # Debian's Boost is where the compiler looks for it, not in an R package.
      if (!nzchar(rstan_options("boost_lib"))) rstan_options(boost_lib = "/usr/include")
      saveRDS(stan_model(.(file), model_name = .(name), save_dso = TRUE), .(cache))
    })
    script <- tempfile(fileext = ".R")
    writeLines(deparse(compilation), script)
    if (system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script)) != 0) stop("cannot compile ", file)
  }
  readRDS(cache)
}

# Data of posteriordb, or NULL.
stored <- function(name) {
  file <- file.path(Sys.getenv("ELBOW_DATA", "none"), "posteriordb", "data", "data", paste0(name, ".json.zip"))
  if (!file.exists(file)) return(NULL)
  entry <- unz(file, paste0(name, ".json"))
  on.exit(close(entry))
  jsonlite::fromJSON(paste(readLines(entry, warn = FALSE), collapse = "\n"))
}

as_csv <- function(name, table) {
  file <- file.path(work, paste0(name, ".csv"))
  table[] <- lapply(table, format, digits = 17, trim = TRUE)
  write.csv(table, file, row.names = FALSE, quote = FALSE)
  sprintf("data = \"%s\"", file)
}

regression <- function(name, x, y, coefficient_scale, noise_scale, cauchy) {
  table <- data.frame(x, y = y)
  names(table) <- c(paste0("x", seq_len(ncol(x))), "y")
  prior <- if (coefficient_scale > 0)
    sprintf("coefficient_prior = \"normal\"\ncoefficient_scale = %g", coefficient_scale)
  else "coefficient_prior = \"flat\""
  noise <- if (noise_scale > 0)
    sprintf("noise_prior = \"%s\"\nnoise_scale = %g", if (cauchy) "half_cauchy" else "half_normal", noise_scale)
  else "noise_prior = \"flat\""
  list(stan = "gaussian_regression", parameters = c("beta", "sigma"),
       data = list(N = nrow(x), D = ncol(x), x = x, y = y, coefficient_scale = coefficient_scale,
                   noise_scale = noise_scale, noise_is_cauchy = as.integer(cauchy)),
       elbow = c("plugin = \"gaussian_regression\"", as_csv(name, table), prior, noise))
}

set.seed(20261120)
problems <- list()
problems$eight_schools <- local({
  list(stan = "eight_schools", parameters = c("mu", "tau", "theta", "theta_trans"),
       data = list(J = 8, y = c(28, 8, -3, 7, -1, 1, 18, 12), sigma = c(15, 10, 16, 11, 9, 11, 10, 18)),
       elbow = "plugin = \"eight_schools\"")
})
problems$logistic_regression <- local({
  x <- cbind(matrix(rnorm(1000 * 24), 1000), 1)
  y <- rbinom(1000, 1, plogis(x %*% rnorm(25)))
  table <- data.frame(x[, -25], y = y)
  list(stan = "logistic_regression", parameters = "beta", data = list(N = 1000, D = 25, x = x, y = y),
       elbow = c("plugin = \"logistic_regression\"", "standardize = false",
                 as_csv("logistic_regression", table)))
})
problems$linear_regression <- local({
  x <- cbind(matrix(rnorm(500 * 19), 500), 1)
  x[, 2] <- x[, 1] + 0.3 * x[, 2]
  y <- as.vector(x %*% rnorm(20) + rnorm(500))
  table <- data.frame(x[, -20], y = y)
  list(stan = "linear_regression", parameters = "w", data = list(N = 500, D = 20, x = x, y = y, noise_sd = 1),
       elbow = c("plugin = \"linear_regression\"", "standardize = false", as_csv("linear_regression", table)))
})
problems$gaussian <- local({
  covariance <- 0.9^abs(outer(1:100, 1:100, "-"))
  rows <- apply(covariance, 1, function(row) paste0("[", paste(format(row, digits = 17, trim = TRUE), collapse = ", "), "]"))
  list(stan = "gaussian", parameters = "z", data = list(D = 100, covariance = covariance), correlated = TRUE,
       elbow = c("plugin = \"gaussian\"", sprintf("covariance = [%s]", paste(rows, collapse = ", "))))
})
problems$ar_k <- local({
  y <- stored("arK")$y
  if (is.null(y)) y <- as.vector(arima.sim(list(ar = c(0.7, 0.4, 0.1, -0.03, -0.3)), 200, sd = 0.15))
  later <- 6:length(y)
  problem <- regression("ar_k_rows", cbind(1, sapply(1:5, function(k) y[later - k])), y[later], 10, 2.5, TRUE)
  problem$elbow <- c("plugin = \"ar_k\"", as_csv("ar_k", data.frame(y = y)))
  problem
})
problems$garch11 <- local({
  data <- stored("garch")
  if (is.null(data)) {
    residual <- numeric(200)
    variance <- 0.25
    for (t in 1:200) {
      residual[t] <- rnorm(1, 0, sqrt(variance))
      variance <- 1.5 + 0.5 * residual[t]^2 + 0.3 * variance
    }
    data <- list(T = 200, y = 5 + residual, sigma1 = 0.5)
  }
  list(stan = "garch11", parameters = c("mu", "alpha0", "alpha1", "beta1"), data = data,
       elbow = c("plugin = \"garch11\"", as_csv("garch11", data.frame(y = data$y))))
})
problems$low_dim_gauss_mix <- local({
  y <- stored("low_dim_gauss_mix")$y
  if (is.null(y)) y <- ifelse(runif(1000) < 0.6, -2.75, 2.75) + rnorm(1000)
  list(stan = "ordered_gaussian_mixture", parameters = c("mu", "sigma", "theta"),
       data = list(N = length(y), y = y),
       elbow = c("plugin = \"ordered_gaussian_mixture\"", as_csv("low_dim_gauss_mix", data.frame(y = y))))
})
problems$kidiq <- local({
  data <- stored("kidiq")
  if (is.null(data)) data <- list(mom_iq = rnorm(434, 100, 15), kid_score = rnorm(434, 87, 20))
  regression("kidiq", cbind(1, data$mom_iq), data$kid_score, 0, 2.5, TRUE)
})
problems$sblri <- local({
  data <- stored("sblri")
  if (is.null(data)) {
    x <- matrix(rnorm(500, 0, 150), 100)
    data <- list(X = x, y = as.vector(x %*% rep(1, 5) + rnorm(100)))
  }
  regression("sblri", data$X, data$y, 10, 10, FALSE)
})
problems$nes <- local({
  data <- stored("nes1980")
  if (is.null(data)) {
    n <- 701
    data <- list(real_ideo = sample(7, n, TRUE), race_adj = sample(2, n, TRUE), age_discrete = sample(4, n, TRUE),
                 educ1 = sample(4, n, TRUE), gender = sample(2, n, TRUE), income = sample(5, n, TRUE))
    data$partyid7 <- as.vector(1 + 0.5 * data$real_ideo - data$race_adj + rnorm(n, 0, 1.9))
  }
  x <- with(data, cbind(1, real_ideo, race_adj, age_discrete == 2, age_discrete == 3, age_discrete == 4,
                        educ1, gender, income))
  regression("nes", unname(x), data$partyid7, 0, 0, FALSE)
})

# Posteriors on which nothing of Elbow's warm-up was chosen: other data, shapes and dimensions.
held_out <- function(...) c(list(...), held_out = TRUE)
gaussian_of <- function(covariance, correlated) {
  rows <- apply(covariance, 1, function(row) paste0("[", paste(format(row, digits = 17, trim = TRUE), collapse = ", "), "]"))
  held_out(stan = "gaussian", parameters = "z", data = list(D = nrow(covariance), covariance = covariance),
           correlated = correlated, elbow = c("plugin = \"gaussian\"", sprintf("covariance = [%s]", paste(rows, collapse = ", "))))
}
set.seed(20270101)
problems$gaussian_rotated <- local({  # condition number 1000 in a random rotation
  rotation <- qr.Q(qr(matrix(rnorm(50 * 50), 50)))
  covariance <- rotation %*% diag(10^seq(-1.5, 1.5, length.out = 50)) %*% t(rotation)
  gaussian_of((covariance + t(covariance)) / 2, TRUE)
})
problems$gaussian_scales <- gaussian_of(diag(10^seq(-3, 3, length.out = 50)), FALSE)  # sds 0.03 to 30
problems$gaussian_factors <- local({  # three common factors of 60 coordinates
  loadings <- matrix(rnorm(60 * 3), 60)
  gaussian_of(loadings %*% t(loadings) + diag(0.1, 60), TRUE)
})
problems$logistic_correlated <- local({  # neighbouring columns with correlation 0.95
  x <- matrix(rnorm(400 * 30), 400)
  for (j in 2:30) x[, j] <- 0.95 * x[, j - 1] + sqrt(1 - 0.95^2) * x[, j]
  y <- rbinom(400, 1, plogis(x %*% rnorm(30)))
  c(held_out(stan = "logistic_regression", parameters = "beta", correlated = TRUE,
             data = list(N = 400, D = 31, x = cbind(x, 1), y = y)),
    list(elbow = c("plugin = \"logistic_regression\"", "standardize = false",
                   as_csv("logistic_correlated", data.frame(x, y = y)))))
})
problems$regression_collinear <- local({  # sigma unknown, two pairs of columns nearly equal
  x <- cbind(1, matrix(rnorm(200 * 9), 200))
  x[, 3] <- x[, 2] + 0.05 * x[, 3]
  x[, 5] <- x[, 4] + 0.05 * x[, 5]
  problem <- regression("regression_collinear", x, as.vector(x %*% rnorm(10) + rnorm(200)), 10, 5, TRUE)
  c(problem, correlated = TRUE, held_out = TRUE)
})
problems$regression_units <- local({  # columns in units from 0.001 to 1000
  x <- cbind(1, sweep(matrix(rnorm(300 * 12), 300), 2, 10^seq(-3, 3, length.out = 12), "*"))
  problem <- regression("regression_units", x, as.vector(2 + x %*% c(0, 10^seq(3, -3, length.out = 12)) + rnorm(300)),
                        0, 5, TRUE)
  c(problem, held_out = TRUE)
})
problems$schools_many <- local({  # a hierarchy of 40 groups with little in each
  theta <- 4 + 6 * rnorm(40)
  sigma <- runif(40, 8, 20)
  y <- theta + sigma * rnorm(40)
  numbers <- function(x) paste(format(x, digits = 17, trim = TRUE), collapse = ", ")
  held_out(stan = "eight_schools", parameters = c("mu", "tau", "theta", "theta_trans"),
           data = list(J = 40, y = y, sigma = sigma),
           elbow = c("plugin = \"eight_schools\"", sprintf("y = [%s]", numbers(y)), sprintf("sigma = [%s]", numbers(sigma))))
})
problems$garch11_long <- local({
  residual <- numeric(800)
  variance <- 1
  for (t in 1:800) {
    residual[t] <- rnorm(1, 0, sqrt(variance))
    variance <- 0.2 + 0.15 * residual[t]^2 + 0.7 * variance
  }
  held_out(stan = "garch11", parameters = c("mu", "alpha0", "alpha1", "beta1"),
           data = list(T = 800, y = residual, sigma1 = 1),
           elbow = c("plugin = \"garch11\"", "sigma1 = 1", as_csv("garch11_long", data.frame(y = residual))))
})
problems$ar_2 <- local({  # nearly a unit root
  y <- as.vector(arima.sim(list(ar = c(1.2, -0.25)), 400, sd = 1))
  later <- 3:length(y)
  problem <- regression("ar_2_rows", cbind(1, sapply(1:2, function(k) y[later - k])), y[later], 10, 2.5, TRUE)
  problem$elbow <- c("plugin = \"ar_k\"", "lags = 2", as_csv("ar_2", data.frame(y = y)))
  c(problem, held_out = TRUE)
})
problems$mixture_close <- local({  # two components that overlap
  y <- ifelse(runif(500) < 0.4, -1.2, 1.2) + rnorm(500)
  held_out(stan = "ordered_gaussian_mixture", parameters = c("mu", "sigma", "theta"), data = list(N = 500, y = y),
           elbow = c("plugin = \"ordered_gaussian_mixture\"", as_csv("mixture_close", data.frame(y = y))))
})
if ("held_out" %in% only) only <- names(problems)[sapply(problems, function(p) isTRUE(p$held_out))]
if (length(only) > 0) problems <- problems[only]

methods <- c(variance = "", fisher = ", adaptation = \"fisher\"",
             low_rank = ", adaptation = \"fisher\", metric = \"low_rank\"")

# ESS, gradients and seconds of every method of Elbow.
run_elbow <- function(name, problem, seed) {
  folder <- file.path(work, paste0("run_", name))
  unlink(folder, recursive = TRUE)
  dir.create(folder)
  file <- file.path(folder, "bench.toml")
  writeLines(c("title = \"rstan_nuts\"", sprintf("seed = %d", seed), "[[model]]", problem$elbow,
               sprintf("[[method]]\nname = \"%s\"\nsampler = { plugin = \"nuts\"%s }\nchains = 4\nwarmup = 1000\ndraws = 1000",
                       names(methods), methods)), file)
  status <- system2("taskset", c("-c", "0", file.path(build, "bin", "elbow"), "run", file, "-j", "1",
                                 "--results", file.path(folder, "results")),
                    stdout = file.path(folder, "log"), stderr = file.path(folder, "log"))
  if (status != 0) stop("elbow run ", file, ":\n", paste(readLines(file.path(folder, "log")), collapse = "\n"))
  found <- list()
  for (cell in list.files(folder, "\\.h5$", recursive = TRUE, full.names = TRUE)) {
    if (basename(cell) == "index.h5") next
    method <- strsplit(h5readAttributes(cell, "/")$method, "(", fixed = TRUE)[[1]][1]
    read <- function(at) as.numeric(h5read(cell, at))
    draws <- h5read(cell, "posterior")
    ess <- unlist(lapply(draws[sapply(draws, function(v) length(dim(v)) >= 2)], function(v) {
      flat <- matrix(v, ncol = prod(tail(dim(v), 2)))
      apply(flat, 1, function(one) ess_bulk(matrix(one, ncol = 4)))
    }))
    found[[method]] <- list(ess = min(ess), gradients = read("metrics/gradient_evaluations"),
                            seconds = read("timing/seconds"), rhat = read("metrics/rhat_max"))
  }
  found
}

run_rstan <- function(problem, seed) {
  fit <- suppressWarnings(sampling(compiled(problem$stan), data = problem$data, pars = problem$parameters,
                                   chains = 4, cores = 1, iter = 2000, warmup = 1000, seed = seed, refresh = 0))
  draws <- as.array(fit)
  draws <- draws[, , dimnames(draws)[[3]] != "lp__", drop = FALSE]
  steps <- sapply(get_sampler_params(fit, inc_warmup = TRUE), function(chain) sum(chain[, "n_leapfrog__"]))
  list(ess = min(apply(draws, 3, ess_bulk)), gradients = sum(steps), seconds = sum(get_elapsed_time(fit)))
}

geometric <- function(x) exp(mean(log(x)))
repeats <- as.integer(Sys.getenv("ELBOW_BENCH_REPEATS", "3"))
cat("smallest bulk ESS per gradient (x 1000) and per second, warm-up counted; ratios to rstan, geometric means over",
    repeats, "seeds\n")
cat(sprintf("%-20s %-9s %10s %10s %12s %12s %12s\n", "model", "NUTS", "ESS", "gradients", "ESS/gradient", "ratio", "ESS/s ratio"))
ratios <- list()
for (name in names(problems)) {
  problem <- problems[[name]]
  peer <- list()
  own <- list()
  for (seed in seq_len(repeats)) {  # interleaved, so that a busy machine disturbs both alike
    own[[seed]] <- run_elbow(name, problem, seed)
    peer[[seed]] <- run_rstan(problem, seed)
  }
  of <- function(runs, what) sapply(runs, function(run) run[[what]])
  per <- function(runs, what) geometric(of(runs, "ess") / of(runs, what))
  show <- function(label, runs) {
    worst <- if (is.null(runs[[1]]$rhat)) "" else sprintf("  R-hat %.3f", max(of(runs, "rhat")))
    gradient <- per(runs, "gradients") / per(peer, "gradients")
    second <- per(runs, "seconds") / per(peer, "seconds")
    cat(sprintf("%-20s %-9s %10.0f %10.0f %12.3f %12.2f %12.1f%s\n", name, label, mean(of(runs, "ess")),
                mean(of(runs, "gradients")), 1000 * per(runs, "gradients"), gradient, second, worst))
    c(gradient = gradient, second = second)
  }
  invisible(show("rstan", peer))
  for (method in names(methods))
    ratios[[method]] <- rbind(ratios[[method]], show(method, lapply(own, function(run) run[[method]])))
}
summarise <- function(label, kept) {
  if (!any(kept)) return()
  for (method in names(methods)) {
    own <- ratios[[method]][kept, , drop = FALSE]
    cat(sprintf("%-20s %-9s %10s %10s %12s %12.2f %12.1f   slowest %.1f\n", label, method, "", "", "",
                geometric(own[, "gradient"]), geometric(own[, "second"]), min(own[, "second"])))
  }
}
flag <- function(which) sapply(problems, function(problem) isTRUE(problem[[which]]))
cat("geometric means\n")
summarise("all", rep(TRUE, length(problems)))
summarise("held out", flag("held_out"))
summarise("correlated", flag("correlated"))
summarise("correlated, held out", flag("correlated") & flag("held_out"))
cat("goals: ESS/s of every model at least 1, in the mean at least 2; ESS/gradient with fisher at least 1.3 in the\n",
    "mean, with low_rank at least 2 on correlated posteriors\n", sep = "")
