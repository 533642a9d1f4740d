using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>The parameters of pages.</summary>
internal sealed partial class QueryFields
{
    /// <summary>Reads <c>pageSize</c>, from 1.</summary>
    public int PageSize(int standard, int max)
    {
        if (!rules.HasDjangoPages)
        {
            return Number("pageSize", standard, 1, max);
        }

        var text = Last("pageSize");
        return !text.All(char.IsAsciiDigit) || text.All(digit => digit == '0')
            ? standard
            : TryParse(text, out var size) ? Math.Min(size, max) : max;
    }

    /// <summary>Reads <c>page</c>, from 1.</summary>
    /// <param name="size">The page size.</param>
    /// <param name="reach">The number of entries that pages can reach.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidPage"/>, under rules that have it.</exception>
    public int Page(int size, int reach)
    {
        if (rules.HasDjangoPages)
        {
            var text = Last("page");
            return text.Length == 0 ? 1
                : TryParse(text, out var sent) && sent > 0 && (long)sent * size <= reach ? sent
                : throw InvalidPage();
        }

        var page = Number("page", 1, 1, reach);
        if ((long)page * size > reach)
        {
            Fail("page", $"page × pageSize must be at most {reach}.");
        }

        return page;
    }

    /// <summary>Refuses a page past the end, under rules that have the error; under others it is empty.</summary>
    /// <param name="total">The number of entries on all pages.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidPage"/>.</exception>
    public void RequireExisting(int page, int size, int total)
    {
        if (rules.HasDjangoPages && page > 1 && (page - 1L) * size >= total)
        {
            throw InvalidPage();
        }
    }

    private static ParleyException InvalidPage() => ErrorCode.InvalidPage.With("Invalid page.");
}
