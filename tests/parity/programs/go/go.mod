module parity

go 1.21
