name: three
sites: [{links: [{name: a}]}, {}, {}]
