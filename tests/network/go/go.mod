module network-client

go 1.24
