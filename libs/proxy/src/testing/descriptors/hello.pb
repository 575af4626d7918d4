
‡

root.proto"
HelloRequest
name (	"

HelloReply
greeting (	23
HelloService#
hello.HelloRequest.HelloReplybproto3