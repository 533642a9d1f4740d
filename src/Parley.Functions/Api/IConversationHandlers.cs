using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api;

/// <summary>The operations on conversations, which Flextell and MaiAgent describe under the same paths.</summary>
public interface IConversationHandlers
{
    Task<IResult> CreateAsync(Call call);

    Task<IResult> ListAsync(Call call);

    Task<IResult> GetAsync(Call call, string id);

    Task<IResult> UpdateAsync(Call call, string id);
}
