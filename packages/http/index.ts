export * from "./access.ts";
export { createGrpcServer, type GrpcCall, type GrpcMethod, type GrpcServer } from "./grpc.ts";
export { assertEveryRouteGuarded } from "./guard.ts";
export { createLive, type Live, type LiveHub, type TopicOptions } from "./live/hub.ts";
export * from "./route.ts";
export { createHttpServer, type HttpServer, type HttpServerOptions, type Logger } from "./server.ts";
