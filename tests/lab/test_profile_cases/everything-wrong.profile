name: bad
colour: red
links:
  - name: a
    rate: {down_mbit: -3, up_mbit: 1}
    delay_ms: 10
    jiter_ms: 3
  - name: a
    rate: {down_mbit: 3, upmbit: 1}
    trace: {file: tmobile}
    delay_ms: "10"
    jitter_ms: 4
    subnet: 192.168.1.0/24
  - name: Bad Name
    delay_ms: true
  - 7
  - {name: b, rate: {down_mbit: 3, up_mbit: 1}, delay_ms: 10, jitter_ms: 20, subnet: 10.9.0.0/16}
  - {name: c, rate: {down_mbit: 3, up_mbit: 1}, delay_ms: 10, subnet: 10.9.1.0/24}
  - {name: d, rate: {down_mbit: .nan, up_mbit: 1}, delay_ms: 10, subnet: 10.9.1.0/28, address: dhcp}
