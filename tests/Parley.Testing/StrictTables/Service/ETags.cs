using System.Globalization;

namespace Parley.Testing.TableService;

/// <summary>
/// ETags in the service's form, <c>W/"datetime'2026-03-01T00%3A00%3A00.0000000Z'"</c>. In Azure they are times of
/// writing. Here they begin at that time and always increase, so none is used twice, independent of the clock.
/// </summary>
internal sealed class ETags
{
    private const string Start = "W/\"datetime'";
    private const string End = "Z'\"";
    private const string Format = "yyyy'-'MM'-'dd'T'HH'%3A'mm'%3A'ss'.'fffffff";

    private long last;

    public static bool IsOne(string etag) =>
        etag.StartsWith(Start, StringComparison.Ordinal) && etag.EndsWith(End, StringComparison.Ordinal) && etag.Length > Start.Length + End.Length;

    public string Next(DateTime now)
    {
        var (seen, ticks) = (0L, 0L);
        do
        {
            seen = Interlocked.Read(ref last);
            ticks = Math.Max(seen + 1, now.Ticks);
        }
        while (Interlocked.CompareExchange(ref last, ticks, seen) != seen);

        return string.Create(CultureInfo.InvariantCulture, $"{Start}{new DateTime(ticks, DateTimeKind.Utc).ToString(Format, CultureInfo.InvariantCulture)}{End}");
    }
}
