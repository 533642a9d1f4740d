using System.Collections.Frozen;

namespace Parley.Testing.TableService;

/// <summary>
/// The headers of a request, or of an operation within a transaction. An unknown header throws NotSupportedException,
/// because it could change the meaning of the request.
/// </summary>
internal struct Headers
{
    // These have no meaning here: credentials (any are accepted), tracing, and headers that repeat what the body shows.
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
    /// Checks the data service version. Without it the real service responds in a version that uses Atom.
    /// Azure.Data.Tables omits it in Delete Table, whose response has no body.
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
