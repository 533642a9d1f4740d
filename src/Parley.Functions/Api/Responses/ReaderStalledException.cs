namespace Parley.Functions.Api.Responses;

/// <summary>The client reads no more, but has not closed the connection. The response is cut off.</summary>
public sealed class ReaderStalledException()
    : IOException($"The client read nothing for {BoundedResponseBody.MaxWait.TotalSeconds} s.");
