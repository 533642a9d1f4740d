using System.Diagnostics.CodeAnalysis;

namespace Parley.Core;

/// <summary>
/// An exception as it may be logged: the types and the stack traces of it and its causes, without their messages. Those
/// of .NET quote what could not be parsed, which may be a client's text.
/// </summary>
[SuppressMessage("Design", "CA1032", Justification = "It is only logged, never thrown.")]
public sealed class PrivateException : Exception
{
    private readonly string text;

    private PrivateException(Exception original)
        : base(string.Join(" ← ", Chain(original).Select(one => one.GetType().FullName)))
    {
        text = string.Join("\n", Chain(original).Select(one => $"{one.GetType().FullName}\n{one.StackTrace}"));
    }

    /// <summary>Storage's own exceptions stay as they are: they have status, code and request id, and no content.</summary>
    public static Exception Of(Exception original) =>
        original is Azure.RequestFailedException ? original : new PrivateException(original);

    /// <inheritdoc/>
    public override string ToString() => text;

    private static IEnumerable<Exception> Chain(Exception original)
    {
        for (var one = original; one is not null; one = one.InnerException)
        {
            yield return one;
        }
    }
}
