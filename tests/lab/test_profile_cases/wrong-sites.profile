name: wrong
sites:
  - links: []
  - 7
links:
  - {name: a, rate: {down_mbit: 3, up_mbit: 1}, delay_ms: 10}
