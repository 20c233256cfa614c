# What cdi-controller fixes at compile time and the testbed has to choose.
s#BindAddress: *":8443"#BindAddress: os.Getenv("METRICS_ADDRESS")#
s#readyFile = "/tmp/ready"#readyFile = "ready"#
s#TokenKeyDir = "/var/run/cdi/token/keys"#TokenKeyDir = "token-keys"#
