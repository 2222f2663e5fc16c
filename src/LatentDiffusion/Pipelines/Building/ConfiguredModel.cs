using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>The model folder that <see cref="DiffusionModelOptions"/> name, if they name one.</summary>
internal sealed class ConfiguredModel : ModelSource
{
    /// <summary>The options of the pipeline that a container builds.</summary>
    public static DiffusionModelOptions OptionsIn(IServiceProvider services) =>
        services.GetRequiredService<IOptions<DiffusionModelOptions>>().Value;

    public override string? NameFor(IServiceProvider services) => OptionsIn(services).ModelFolder is { } folder ? NameOf(folder) : null;

    public override DiffusionModel? Open(IServiceProvider services, ModelPlacement placement) =>
        OptionsIn(services).ModelFolder is { } folder
            ? DiffusionModel.Read(folder, placement.Device, placement.Precision, variant: null, placement.Reading)
            : null;
}
