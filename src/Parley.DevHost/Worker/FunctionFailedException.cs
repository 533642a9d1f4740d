using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>A function threw an exception. Message and stack trace are those of the exception in the worker.</summary>
internal sealed class FunctionFailedException(RpcException? cause)
    : Exception(cause?.Message ?? "The function was cancelled.")
{
    public override string ToString() => $"{Message}\n{cause?.StackTrace}";
}
