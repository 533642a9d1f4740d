using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Azure;

namespace Parley.Core;

/// <summary>
/// An exception as it may be logged: the types, the codes and the stack traces of it and its causes, without their
/// messages. Those quote what could not be parsed, sent or stored, which may be a client's text.
/// </summary>
[SuppressMessage("Design", "CA1032", Justification = "It always stands for another exception.")]
public sealed class PrivateException : Exception
{
    private readonly string text;

    private PrivateException(Exception original)
        : base(Describe(original))
    {
        text = string.Join("\n", Chain(original).Select(one => $"{NameOf(one)}\n{one.StackTrace}"));
    }

    /// <summary>What may be logged of an exception; a cancellation stays as it is.</summary>
    public static Exception Of(Exception original) =>
        original is OperationCanceledException or PrivateException ? original : new PrivateException(original);

    /// <summary>One line with the types and codes of an exception and its causes.</summary>
    public static string Describe(Exception original) => string.Join(", ", Chain(original).Select(NameOf));

    /// <inheritdoc/>
    public override string ToString() => text;

    private static string NameOf(Exception one) => one.GetType().Name + one switch
    {
        RequestFailedException storage => $" ({storage.Status} {storage.ErrorCode})",
        HttpRequestException http => $" ({http.HttpRequestError})",
        HttpIOException http => $" ({http.HttpRequestError})",
        SocketException socket => $" ({socket.SocketErrorCode})",
        _ => "",
    };

    private static IEnumerable<Exception> Chain(Exception original)
    {
        for (var one = original; one is not null; one = one.InnerException)
        {
            yield return one;
        }
    }
}
