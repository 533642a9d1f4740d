namespace Parley.Testing;

/// <summary>The kind of failure of a call.</summary>
public enum FaultKind
{
    None,

    /// <summary>
    /// The process ends: this call and all later ones of its connection throw <see cref="CrashException"/>.
    /// </summary>
    Crash,

    /// <summary>The service responds 503 ServerBusy.</summary>
    Busy,

    /// <summary>
    /// No response within the network time-out: a TaskCanceledException that no token of the caller caused.
    /// </summary>
    TimeOut,

    /// <summary>
    /// The connection breaks before a response arrives: Azure.Core's RequestFailedException with status 0.
    /// </summary>
    Lost,

    /// <summary>
    /// The response's body ends too soon, without a connection error. Only for reads and transactions of tables; other
    /// responses have no body.
    /// </summary>
    Cut,
}

/// <summary>The moment of the failure, as the service sees it.</summary>
public enum FaultSide
{
    /// <summary>The request is not carried out.</summary>
    Before,

    /// <summary>The request is carried out; its response does not arrive.</summary>
    After,

    /// <summary>
    /// The request is carried out some time after the caller received the failure. Not for Busy and Cut.
    /// </summary>
    Late,
}

/// <summary>A fault of one call.</summary>
/// <param name="Kind">The kind of failure.</param>
/// <param name="Side">Shows whether the data have changed.</param>
/// <param name="Bytes">For <see cref="FaultKind.Cut"/>: the number of bytes missing at the end.</param>
public readonly record struct Fault(FaultKind Kind, FaultSide Side = FaultSide.Before, int Bytes = 0)
{
    public static readonly Fault None;
    public static readonly Fault CrashBefore = new(FaultKind.Crash);
    public static readonly Fault CrashAfter = new(FaultKind.Crash, FaultSide.After);
    public static readonly Fault CrashLate = new(FaultKind.Crash, FaultSide.Late);
    public static readonly Fault Busy = new(FaultKind.Busy);
    public static readonly Fault BusyAfter = new(FaultKind.Busy, FaultSide.After);
    public static readonly Fault TimeOut = new(FaultKind.TimeOut);
    public static readonly Fault TimeOutAfter = new(FaultKind.TimeOut, FaultSide.After);
    public static readonly Fault TimeOutLate = new(FaultKind.TimeOut, FaultSide.Late);
    public static readonly Fault Lost = new(FaultKind.Lost);
    public static readonly Fault LostAfter = new(FaultKind.Lost, FaultSide.After);
    public static readonly Fault LostLate = new(FaultKind.Lost, FaultSide.Late);

    /// <summary>
    /// The failures without a usable response: those after which the caller cannot know whether its write happened, and
    /// those after which it did not happen.
    /// </summary>
    public static IReadOnlyList<Fault> Unanswered { get; } = [Busy, BusyAfter, TimeOut, TimeOutAfter, TimeOutLate, Lost, LostAfter, LostLate];

    /// <summary>A response without its last bytes.</summary>
    public static Fault Cut(int bytes) => new(FaultKind.Cut, FaultSide.After, bytes);

    public override string ToString() => Kind == FaultKind.None ? "no fault" : $"{Kind} {Side}";
}

/// <summary>
/// The process ended at a storage call. No code retries or handles it: Azure.Core retries only I/O errors and
/// time-outs, and code that catches it anyway gets it again at the next call.
/// </summary>
public sealed class CrashException(string message) : Exception(message);
