module holdfast/bench

go 1.24
