using Microsoft.Extensions.Options;

namespace LatentDiffusion.Hub;

/// <summary>Validates the options of a registered hub.</summary>
internal sealed class HubOptionsRules : IValidateOptions<ModelHubOptions>
{
    public ValidateOptionsResult Validate(string? name, ModelHubOptions options)
    {
        string[] errors = [.. options.Errors().Select(error => $"{nameof(ModelHubOptions)}: {error}")];
        return errors.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
