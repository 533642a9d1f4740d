using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Xunit;

namespace Parley.Tests.Functions.Api;

public class QueryFieldsTests
{
    [Theory]
    [InlineData("?a=1&a=2", "1 2")]
    [InlineData("?a[]=1&a[]=2", "1 2")]
    [InlineData("?a[0]=1&a[1]=2", "1 2")]
    [InlineData("?a%5B0%5D=1&a%5b12%5d=2", "1 2")]
    [InlineData("?a=1&a[]=2&a[7]=3", "1 2 3")]
    [InlineData("?A[0]=1&a=2", "1 2")]
    [InlineData("?b=1&ab[0]=2&aa[]=3", "")]
    [InlineData("", "")]
    public void A_list_is_read_in_every_form(string query, string ids)
    {
        var fields = Parse(query);

        Assert.Equal(ids.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), fields.IdList("a", 50).Order());
        fields.ThrowIfInvalid();
    }

    [Theory]
    [InlineData("?a=")]
    [InlineData("?a")]
    [InlineData("?a[]=")]
    [InlineData("?a[0]=")]
    [InlineData("?a=1&a=")]
    public void A_list_that_came_out_empty_is_refused(string query)
    {
        var fields = Parse(query);
        fields.IdList("a", 50);

        Assert.Equal("Must not be empty. Leave the parameter out to list all.", Assert.Single(ErrorsOf(fields)["a"]));
    }

    [Theory]
    [InlineData("?a[x]=1")]
    [InlineData("?a[=1")]
    [InlineData("?a[0=1")]
    [InlineData("?a[-1]=1")]
    [InlineData("?a[0][]=1")]
    [InlineData("?a[][0]=1")]
    [InlineData("?a[]x=1")]
    [InlineData("?a[٣]=1")]
    public void Other_brackets_after_a_list_are_refused(string query)
    {
        var fields = Parse(query);
        fields.IdList("a", 50);

        Assert.Equal("Is a list: repeat a=… or a[]=…, or number its entries: a[0]=….", Assert.Single(ErrorsOf(fields)["a"]));
    }

    [Theory]
    [InlineData("?page[]=5")]
    [InlineData("?page[0]=5")]
    [InlineData("?page[number]=5")]
    [InlineData("?PAGE%5B%5D=5&page=1")]
    public void Brackets_after_a_single_value_are_refused(string query)
    {
        var fields = Parse(query);
        fields.Number("page", 1, 1, 10);

        Assert.Equal("Takes one value, without brackets: page=….", Assert.Single(ErrorsOf(fields)["page"]));
    }

    [Fact]
    public void A_name_with_brackets_of_its_own_is_a_parameter_like_others()
    {
        var fields = Parse("?pagination[limit]=7&pagination[offset]=3");

        Assert.Equal(7, fields.Number("pagination[limit]", 1, 1, 10));
        fields.ThrowIfInvalid();
        Assert.Contains("pagination[limit]", ErrorsOf(Read(Parse("?pagination[limit][]=7"), "pagination[limit]")).Keys);
    }

    [Fact]
    public void An_empty_filter_is_refused_and_an_empty_page_or_addition_is_absent()
    {
        var fields = Parse("?text=&id=&uuid=&time=&statuses=&page=&order=&cursor=&joins=");
        fields.Text("text", 10);
        fields.Id("id");
        fields.Uuid("uuid");
        fields.Time("time");
        fields.Choices<FollowUpStatus>("statuses");

        Assert.Equal(3, fields.Number("page", 3, 1, 10));
        Assert.Equal("desc", fields.Choice("order", "desc", "asc"));
        Assert.Null(fields.Cursor());
        Assert.Empty(fields.Additions("joins", "senders"));
        Assert.Equal(["id", "statuses", "text", "time", "uuid"], ErrorsOf(fields).Keys);
    }

    /// <summary>
    /// Generated queries of known, similar and bracketed names: the list is exactly what was sent for it, or the query is
    /// refused. The oracle reads the query as text.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_query_narrows_or_is_refused(int seed)
    {
        var random = new Random(seed);
        string[] names = ["ids", "IDS", "one", "idsx", "id", "other", "ids.0"];
        string[] brackets = ["", "", "[]", "[0]", "[17]", "[x]", "[", "[]]", "[0][1]", "[ 1]"];
        string[] values = ["1", "2", "3", "", "x"];
        for (var i = 0; i < 5_000; i++)
        {
            var sent = Enumerable.Range(0, random.Next(4))
                .Select(_ => (Name: names[random.Next(names.Length)], Brackets: brackets[random.Next(brackets.Length)], Value: values[random.Next(values.Length)]))
                .ToList();
            var query = "?" + string.Join('&', sent.Select(one => random.Next(2) == 0
                ? $"{one.Name}{one.Brackets}={one.Value}"
                : $"{one.Name}{Uri.EscapeDataString(one.Brackets)}={one.Value}"));
            var forList = sent.Where(one => one.Name is "ids" or "IDS").ToList();
            var forOne = sent.Where(one => one.Name == "one").ToList();
            var isValid = forList.All(one => one.Value is "1" or "2" or "3")
                && forList.All(one => one.Brackets is "" or "[]" or "[0]" or "[17]")
                && forOne.All(one => one.Brackets.Length == 0)
                && (forOne.Count == 0 || forOne[^1].Value is "1" or "2" or "3");

            var fields = Parse(query);
            var (list, single) = (fields.IdList("ids", 50), fields.Id("one"));
            var errors = Record.Exception(fields.ThrowIfInvalid);

            Assert.True(isValid == errors is null, query);
            if (isValid)
            {
                Assert.Equal(forList.Select(one => one.Value).Order(), list.Order());
                Assert.Equal(forOne.Count == 0 ? null : forOne[^1].Value, single);
            }
        }
    }

    private static QueryFields Parse(string query) => new(new QueryCollection(QueryHelpers.ParseQuery(query)));

    private static QueryFields Read(QueryFields fields, string number)
    {
        fields.Number(number, 1, 1, 10);
        return fields;
    }

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> ErrorsOf(QueryFields fields) =>
        Assert.Throws<ParleyException>(fields.ThrowIfInvalid).FieldErrors!;
}
