using System.Collections.Frozen;

namespace Parley.Testing.TableService;

/// <summary>
/// The headers of a request, or of an operation within a transaction. One that this service does not understand could mean anything,
/// so it is a NotSupportedException.
/// </summary>
internal struct Headers
{
    // Of no meaning here: who asks (any credential will do), tracing, and what the body itself shows.
    private static readonly FrozenSet<string> Ignored = new[]
    {
        "Accept-Charset", "Authorization", "Content-Length", "Date", "Host", "User-Agent", "x-ms-client-request-id", "x-ms-date",
        "x-ms-return-client-request-id", "traceparent", "tracestate", "Request-Id",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public string? IfMatch { get; private set; }

    public string? ContentType { get; private set; }

    public string? Accept { get; private set; }

    public bool NoContent { get; private set; }

    private bool hasVersion;
    private bool hasDataVersion;

    public void Add(string name, string value)
    {
        switch (name)
        {
            case var _ when Is(name, "If-Match"):
                IfMatch = value;
                break;
            case var _ when Is(name, "Content-Type"):
                ContentType = value;
                break;
            case var _ when Is(name, "Accept"):
                Accept = value;
                break;
            case var _ when Is(name, "Prefer"):
                NoContent = value switch
                {
                    "return-no-content" => true,
                    "return-content" => false,
                    _ => throw Unknown(name, value),
                };
                break;
            case var _ when Is(name, "x-ms-version"):
                // JSON since 2013-08-15 ("Setting the OData data service version headers"); versions are dates.
                hasVersion = string.CompareOrdinal(value, "2013-08-15") >= 0 ? true : throw Unknown(name, value);
                break;
            case var _ when Is(name, "DataServiceVersion") || Is(name, "MaxDataServiceVersion"):
                hasDataVersion = value.StartsWith("3.0", StringComparison.Ordinal) ? true : throw Unknown(name, value);
                break;
            default:
                if (!Ignored.Contains(name))
                {
                    throw Unknown(name, value);
                }

                break;
        }
    }

    /// <summary>
    /// Without a data service version the real service answers in a version that speaks Atom. Azure.Data.Tables leaves it out of Delete
    /// Table, whose answer has no body.
    /// </summary>
    public readonly void CheckVersions(bool answersWithJson)
    {
        if (!hasVersion || (answersWithJson && !hasDataVersion))
        {
            throw new NotSupportedException("StrictTables requires x-ms-version, and DataServiceVersion in all requests but Delete Table.");
        }
    }

    public readonly void CheckJson()
    {
        if (ContentType is null || !ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw new NotSupportedException($"StrictTables reads JSON, not Content-Type: {ContentType}");
        }
    }

    private static bool Is(string name, string expected) => name.Equals(expected, StringComparison.OrdinalIgnoreCase);

    private static NotSupportedException Unknown(string name, string value) => new($"StrictTables does not understand the header {name}: {value}");
}
