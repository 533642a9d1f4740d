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
    /// <param name="max">The last page that can be read.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidPage"/>, under rules that have it.</exception>
    public int Page(int max)
    {
        if (!rules.HasDjangoPages)
        {
            return Number("page", 1, 1, max);
        }

        var text = Last("page");
        return text.Length == 0 ? 1
            : TryParse(text, out var page) && page > 0 && page <= max ? page
            : throw InvalidPage();
    }

    /// <summary>As above, for a list of which pages reach only some entries.</summary>
    /// <param name="size">The page size.</param>
    /// <param name="reach">The number of entries that pages can reach.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidPage"/>, under rules that have it.</exception>
    public int Page(int size, int reach)
    {
        var page = Page(reach);
        if ((long)page * size > reach)
        {
            if (rules.HasDjangoPages)
            {
                throw InvalidPage();
            }

            Fail("page", $"page × pageSize must be at most {reach}.");
        }

        return page;
    }

    /// <summary>Refuses a page past the end, under rules that do. The first page of an empty list exists.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidPage"/>.</exception>
    public void RequirePage(int page, int size, int count)
    {
        if (rules.HasDjangoPages && page > 1 && (long)(page - 1) * size >= count)
        {
            throw InvalidPage();
        }
    }

    private static ParleyException InvalidPage() => ErrorCode.InvalidPage.With("Invalid page.");
}
