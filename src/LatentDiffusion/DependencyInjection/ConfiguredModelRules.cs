using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>Validates what configuration says of one model: each value, that there is a model, and that every name is known.</summary>
internal sealed class ConfiguredModelRules(string name, DiffusionPipelineBuilder builder, IConfiguration section, IServiceProvider services)
    : IValidateOptions<DiffusionModelOptions>
{
    private static readonly string[] s_known =
    [
        .. new[] { typeof(DiffusionModelOptions), typeof(DiffusionPipelineOptions) }.SelectMany(t => t.GetProperties()).Where(p => p.SetMethod is { IsPublic: true }).Select(p => p.Name),
    ];

    private static readonly string[] s_knownOfTiling = [.. typeof(TilingOptions).GetProperties().Select(p => p.Name)];

    public ValidateOptionsResult Validate(string? optionsName, DiffusionModelOptions options)
    {
        if (optionsName != name) return ValidateOptionsResult.Skip;
        string where = section is IConfigurationSection { Path: { } path } ? $"{path}: " : "";
        List<string> errors = [.. options.Errors()];
        // A name misspelt would otherwise be a setting silently not made.
        errors.AddRange(Unknown(section, "", s_known));
        errors.AddRange(Unknown(section.GetSection(nameof(DiffusionPipelineOptions.Tiling)), $"{nameof(DiffusionPipelineOptions.Tiling)}:", s_knownOfTiling));
        if (options.ModelFolder is null && builder.NeedsConfiguredModel && !IsRegistered(typeof(IDenoiser)))
            errors.Add("ModelFolder is missing, and nothing else names a model.");
        if (options.ModelFolder is null && options.Device is not null && builder.NamesModel)
            errors.Add("Device says where ModelFolder is loaded, and there is none; give it where the model is named.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors.Select(e => where + e));
    }

    private bool IsRegistered(Type part) =>
        (name.Length > 0 && services.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(part, name) is true)
        || services.GetService<IServiceProviderIsService>()?.IsService(part) is true;

    private static IEnumerable<string> Unknown(IConfiguration section, string within, string[] known) =>
        section.GetChildren().Select(c => c.Key).Except(known, StringComparer.OrdinalIgnoreCase)
            .Select(key => $"'{within}{key}' is not known; expected one of {string.Join(", ", known)}.");
}
