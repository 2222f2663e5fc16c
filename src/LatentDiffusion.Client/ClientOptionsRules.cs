using Microsoft.Extensions.Options;

namespace LatentDiffusion.Client;

/// <summary>Validates options when the host starts, or otherwise at first use.</summary>
internal sealed class ClientOptionsRules : IValidateOptions<LatentDiffusionClientOptions>
{
    public ValidateOptionsResult Validate(string? name, LatentDiffusionClientOptions options)
    {
        string client = string.IsNullOrEmpty(name) ? "LatentDiffusion client" : $"LatentDiffusion client '{name}'";
        return options.Refusal is { } refusal ? ValidateOptionsResult.Fail($"{client}: {refusal}") : ValidateOptionsResult.Success;
    }
}
