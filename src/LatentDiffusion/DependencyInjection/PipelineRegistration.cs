using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>A pipeline that is registered in a container: its name, its builder, and the section that configures it.</summary>
/// <param name="Name">The name, empty for the pipeline without one.</param>
/// <param name="Builder">Builds the pipeline.</param>
/// <param name="Section">Its configuration; null for none.</param>
internal sealed record PipelineRegistration(string Name, DiffusionPipelineBuilder Builder, IConfiguration? Section)
{
    private const int LongestName = 100, LongestError = 480, LeftForCount = 50;

    /// <summary>Start of messages: the section's path and the model.</summary>
    public string Where
    {
        get
        {
            string? configured = Section?[nameof(DiffusionPipelineOptions.ModelId)] ?? Section?[nameof(DiffusionModelOptions.ModelFolder)];
            string model = MessageText.Truncate(Name.Length > 0 ? Name : configured ?? "default", LongestName);
            return Section is IConfigurationSection { Path: { Length: > 0 } path } ? $"{path} (model '{model}'): " : $"Model '{model}': ";
        }
    }

    /// <summary>Fills options from the section.</summary>
    /// <exception cref="OptionsValidationException">A value cannot be read.</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "The annotations keep the properties.")]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(TilingOptions))]
    public void Bind<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TOptions>(TOptions options)
        where TOptions : class
    {
        try
        {
            Section?.Bind(options);
        }
        catch (InvalidOperationException e)
        {
            string message = $"{Where}{e.Message} {e.InnerException?.Message}".TrimEnd();
            throw new OptionsValidationException(Name, typeof(TOptions), [MessageText.Truncate(message)]);
        }
    }

    /// <summary>Builds the pipeline of a container.</summary>
    /// <exception cref="InvalidOperationException">It cannot be built; the message says which, and the inner exception why.</exception>
    public DiffusionPipeline Build(IServiceProvider services)
    {
        try
        {
            return Builder.BuildAgain(new NamedServices(services, Name));
        }
        catch (Exception e) when (e is not (OptionsValidationException or TorchUnavailableException or OutOfMemoryException))
        {
            throw new InvalidOperationException(MessageText.Truncate(Where + e.Message), e);
        }
    }

    /// <summary>The name that the model will have, without loading it; null if it does not have one.</summary>
    public string? ModelId(IServiceProvider services)
    {
        PipelineSpecification specification = Builder.Specification;
        DiffusionPipelineOptions options = services.GetRequiredService<IOptionsMonitor<DiffusionPipelineOptions>>().Get(Name) with { };
        specification.Configure?.Invoke(options);
        return options.ModelId ?? specification.Model?.NameFor(new NamedServices(services, Name));
    }

    /// <summary>
    /// The result of a validation: as many errors as one message holds, each after <see cref="Where"/>, and the number of the others.
    /// </summary>
    public ValidateOptionsResult Outcome(IReadOnlyCollection<string> errors)
    {
        if (errors.Count == 0) return ValidateOptionsResult.Success;
        var shown = new List<string>();
        int left = MessageText.MaximumLength - LeftForCount;
        foreach (string error in errors)
        {
            string text = MessageText.Truncate(Where + error, LongestError);
            left -= text.Length;
            if (left < 0) break;
            shown.Add(text);
        }

        return ValidateOptionsResult.Fail(shown.Count == errors.Count ? shown : [.. shown, $"and {errors.Count - shown.Count} more"]);
    }

    /// <summary>The pipeline, loaded if it is not.</summary>
    public DiffusionPipeline Resolve(IServiceProvider services) =>
        Name.Length == 0 ? services.GetRequiredService<DiffusionPipeline>() : services.GetRequiredKeyedService<DiffusionPipeline>(Name);
}
