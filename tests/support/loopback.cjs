// Loaded before a JavaScript server (`node --require`): wherever it wants to listen, it listens on loopback only, and
// says on stderr where.
const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  this.once("listening", () => process.stderr.write(`loopback:${this.address().port}\n`));
  return listen.call(this, { port: Number(port), host: "127.0.0.1" }, ...rest.filter((each) => each instanceof Function));
};
