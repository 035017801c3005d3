name: empty
links: []
