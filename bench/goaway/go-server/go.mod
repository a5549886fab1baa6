module holdfast/goaway

go 1.24
