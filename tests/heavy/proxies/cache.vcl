# Varnish as a cache in front of ocsp-responder; @WORDS@ are filled in.
vcl 4.1;

backend responder {
  .host = "127.0.0.1";
  .port = "@port@";
}

sub vcl_backend_response {
  # Else it hands out answers for ten seconds after their max-age, whatever
  # must-revalidate says.
  set beresp.grace = 0s;
  # Kept for If-None-Match.
  set beresp.keep = 1m;
}

sub vcl_deliver {
  if (obj.hits > 0) {
    set resp.http.X-Cache = "HIT";
  } else {
    set resp.http.X-Cache = "MISS";
  }
}
