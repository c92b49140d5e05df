#include "events.h"

json_t *event_json(const struct cadb_event *ev)
{
        return json_pack("{s:I, s:o, s:s, s:s*, s:s*, s:o*, s:s*}", "seq",
            (json_int_t)ev->seq, "at", json_time(ev->at), "kind", ev->kind,
            "ca", ev->ca_name[0] != '\0' ? ev->ca_name : NULL, "name",
            ev->name[0] != '\0' ? ev->name : NULL, "serial",
            ev->serial_len > 0 ? json_serial(ev->serial, ev->serial_len) : NULL,
            "detail", ev->detail[0] != '\0' ? ev->detail : NULL);
}
