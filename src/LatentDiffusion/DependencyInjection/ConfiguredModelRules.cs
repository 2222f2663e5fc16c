using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>Validates the configuration of one model: each value, that there is a model, and that every name is known.</summary>
internal sealed class ConfiguredModelRules(PipelineRegistration registration, IConfiguration section, IServiceProvider services)
    : IValidateOptions<DiffusionModelOptions>
{
    private static readonly string[] s_known =
    [
        .. typeof(DiffusionModelOptions).GetProperties().Concat(typeof(DiffusionPipelineOptions).GetProperties())
            .Where(p => p.SetMethod is { IsPublic: true }).Select(p => p.Name),
    ];

    private static readonly string[] s_knownOfTiling = [.. typeof(TilingOptions).GetProperties().Select(p => p.Name)];

    public ValidateOptionsResult Validate(string? optionsName, DiffusionModelOptions options)
    {
        if (optionsName != registration.Name) return ValidateOptionsResult.Skip;
        PipelineSpecification specification = registration.Builder.Specification;
        List<string> errors = [.. options.Errors()];
        // A misspelt name would otherwise be ignored silently.
        errors.AddRange(Unknown(section, "", s_known));
        const string Tiling = nameof(DiffusionPipelineOptions.Tiling);
        errors.AddRange(Unknown(section.GetSection(Tiling), $"{Tiling}:", s_knownOfTiling));
        if (options.ModelFolder is null && specification.NeedsConfiguredModel && !IsRegistered(typeof(IDenoiser)))
            errors.Add("ModelFolder is missing, and nothing else names a model.");
        if (options.ModelFolder is null && options.Precision is not null && specification.Model?.ReadsFiles is not true)
            errors.Add(OnlyWhereOpened(nameof(options.Precision), options.Precision));
        if (options.ModelFolder is null && options.WeightStorage is not null && specification.Model?.ReadsFiles is not true)
            errors.Add(OnlyWhereOpened(nameof(options.WeightStorage), options.WeightStorage));
        return registration.Outcome(errors);
    }

    private static string OnlyWhereOpened(string option, object value) =>
        $"{option} is {value}; it applies only when the pipeline opens a model folder or file. Pass it where the model is opened.";

    private bool IsRegistered(Type part) =>
        (registration.Name.Length > 0
            && services.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(part, registration.Name) is true)
        || services.GetService<IServiceProviderIsService>()?.IsService(part) is true;

    private static IEnumerable<string> Unknown(IConfiguration section, string within, string[] known) =>
        section.GetChildren().Select(c => c.Key).Except(known, StringComparer.OrdinalIgnoreCase)
            .Select(key => $"'{within}{MessageText.Truncate(key, 100)}' is not known; expected one of {string.Join(", ", known)}.");
}
