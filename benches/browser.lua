-- Makes wrk send the request headers given after "--", each as "Name: value".
function init(args)
  for _, header in ipairs(args) do
    local name, value = header:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
end

-- Prints what run.py reads: requests, microseconds, bytes, failures, statuses above 399.
function done(summary)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("measured %d %d %d %d %d",
    summary.requests, summary.duration, summary.bytes, failures, errors.status))
end
