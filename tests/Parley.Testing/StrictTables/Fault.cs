namespace Parley.Testing;

/// <summary>What goes wrong with a call.</summary>
public enum FaultKind
{
    None,

    /// <summary>The process ends: this call and all later ones of its connection throw <see cref="CrashException"/>.</summary>
    Crash,

    /// <summary>The service answers 503 ServerBusy.</summary>
    Busy,

    /// <summary>No answer within the network time-out: a TaskCanceledException that no token of the caller's caused.</summary>
    TimeOut,

    /// <summary>The connection breaks before an answer arrives: Azure.Core's RequestFailedException with status 0.</summary>
    Lost,

    /// <summary>The answer's body ends too soon, without an error of the connection. For reads and transactions of tables; others have no body.</summary>
    Cut,
}

/// <summary>When it goes wrong, seen from the service.</summary>
public enum FaultSide
{
    /// <summary>The request is not carried out.</summary>
    Before,

    /// <summary>The request is carried out; its answer does not arrive.</summary>
    After,

    /// <summary>The request is carried out some time after its caller was told of the failure. Not for Busy and Cut.</summary>
    Late,
}

/// <summary>A fault of one call.</summary>
/// <param name="Kind">What goes wrong.</param>
/// <param name="Side">Whether the data have changed.</param>
/// <param name="Bytes">For <see cref="FaultKind.Cut"/>: how many bytes are missing at the end.</param>
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

    /// <summary>The failures after which a caller cannot know whether its write happened, and those after which it did not.</summary>
    public static IReadOnlyList<Fault> Unanswered { get; } = [Busy, BusyAfter, TimeOut, TimeOutAfter, TimeOutLate, Lost, LostAfter, LostLate];

    /// <summary>An answer without its last bytes.</summary>
    public static Fault Cut(int bytes) => new(FaultKind.Cut, FaultSide.After, bytes);

    public override string ToString() => Kind == FaultKind.None ? "no fault" : $"{Kind} {Side}";
}

/// <summary>
/// The process ended at a storage call. Nothing retries or handles it: Azure.Core retries none but I/O errors and time-outs, and
/// whoever catches it all the same meets it again at the next call.
/// </summary>
public sealed class CrashException(string message) : Exception(message);
