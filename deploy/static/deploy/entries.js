// What a service's stream carries, as deploy/entries.py writes it; what is unknown is skipped.
//
//   Entries.output(body, id)  ->  {text, stamp} of that deployment's output, or null
//   Entries.state(body, id)   ->  the body of a change of state of that deployment, or null
//   Entries.isState(body)     ->  whether any deployment's state has changed
(function (root) {
  "use strict";

  function is(body, kind) {
    return body !== null && typeof body === "object" && body.k === kind;
  }

  root.Entries = {
    output: function (body, id) {
      return is(body, "out") && body.d === id ? { text: body.s, stamp: body.t } : null;
    },
    state: function (body, id) {
      return is(body, "state") && body.d === id ? body : null;
    },
    isState: function (body) {
      return is(body, "state");
    },
  };
})(this);
