using System.Collections.Immutable;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The families of models that can be opened. A family is found by the pipeline class of a folder, or else by the class of a
/// network that only it has; for a single file by the names of its tensors. Families that an application registers stay for the
/// process; <see cref="DiffusionPipelineBuilder.UseModelFamily"/> and <see cref="CheckpointOptions.Families"/> name one for a
/// single model, and it takes precedence over them.
/// </summary>
public static class ModelFamilies
{
    /// <summary>Stable Diffusion 1 and 2, SDXL and its refiner, and the models that were distilled from them.</summary>
    public static ModelFamily StableDiffusion { get; } = new StableDiffusionFamily();

    /// <summary>Stable Diffusion 3 and 3.5.</summary>
    public static ModelFamily StableDiffusion3 { get; } = new SD3Family();

    /// <summary>FLUX.1 dev and schnell.</summary>
    public static ModelFamily Flux { get; } = new FluxFamily();

    /// <summary>FLUX.2 klein and dev.</summary>
    public static ModelFamily Flux2 { get; } = new Flux2Family();

    /// <summary>Chroma.</summary>
    public static ModelFamily Chroma { get; } = new ChromaFamily();

    /// <summary>Z-Image and Z-Image Turbo.</summary>
    public static ModelFamily ZImage { get; } = new ZImageFamily();

    // After the families themselves, which are set in the order in which they stand here.
    private static ImmutableArray<ModelFamily> s_all = [StableDiffusion, StableDiffusion3, Flux, Flux2, Chroma, ZImage];

    /// <summary>All registered families.</summary>
    public static IReadOnlyList<ModelFamily> All => s_all;

    /// <summary>Registers a family for the process. Safe for concurrent use; registering an instance again changes nothing.</summary>
    /// <param name="family">The family.</param>
    /// <exception cref="ArgumentException">Another family has its name or one of its pipeline classes.</exception>
    public static void Register(ModelFamily family)
    {
        ArgumentNullException.ThrowIfNull(family);
        ImmutableInterlocked.Update(ref s_all, all =>
        {
            if (all.Contains(family)) return all;
            foreach (ModelFamily other in all)
            {
                if (other.Name == family.Name) throw new ArgumentException($"A model family '{other.Name}' is registered.", nameof(family));
                if (other.PipelineClasses.Intersect(family.PipelineClasses).FirstOrDefault() is { } shared)
                {
                    throw new ArgumentException(
                        $"The pipeline class {shared} of '{family.Name}' is one of '{other.Name}'.", nameof(family));
                }
            }

            return all.Add(family);
        });
    }

    /// <summary>The family of a folder.</summary>
    /// <param name="first">Families to ask before the registered ones.</param>
    /// <param name="index">Its <c>model_index.json</c>.</param>
    /// <param name="path">Path of that file, for messages.</param>
    /// <exception cref="NotSupportedException">It is of none that is known; the message lists those.</exception>
    internal static ModelFamily ForIndex(IReadOnlyList<ModelFamily> first, JsonObject index, string path)
    {
        ModelFamily[] families = [.. first, .. All];
        string? pipeline = ModelIndex.PipelineClass(index);
        string[] classes = [.. index.Select(entry => ModelIndex.ClassOf(index, entry.Key)).OfType<string>()];
        return families.FirstOrDefault(family => pipeline is not null && family.PipelineClasses.Contains(pipeline))
            ?? families.FirstOrDefault(family => family.ComponentTypes.Any(type => classes.Any(type.Reads)))
            ?? throw new NotSupportedException(
                $"{path} describes a {MessageText.Truncate(pipeline ?? "pipeline without a class", 100)} of {MessageText.List(classes)}, "
                + $"which is not known. Known are {string.Join(", ", families.Select(Describe))}.");

        // All classes of all families would be too long for a message.
        static string Describe(ModelFamily family) =>
            family.PipelineClasses is [string first, ..] ? $"{family.Name} ({first})" : family.Name;
    }

    /// <summary>The family of a single file.</summary>
    /// <param name="first">Families to ask before the registered ones.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="CheckpointException">It is of none that is known; the message lists those.</exception>
    internal static ModelFamily ForFile(IReadOnlyList<ModelFamily> first, ITensorSource file)
    {
        ModelFamily[] families = [.. first, .. All];
        return families.FirstOrDefault(family => file.Entries.Any(tensor => Begins(family, tensor.Name))) ?? throw new CheckpointException(
            file.Path, $"it is not a whole model in one file of a family that is known: {string.Join(", ", families.Select(Describe))}.");

        static bool Begins(ModelFamily family, string name) =>
            family.SingleFilePrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

        static string Describe(ModelFamily family) => family.SingleFilePrefixes.Count == 0
            ? $"{family.Name} (never in one file)"
            : $"{family.Name} (with tensors {string.Join(" or ", family.SingleFilePrefixes.Select(prefix => $"{prefix}*"))})";
    }

    /// <summary>The class of a single network.</summary>
    /// <param name="first">Families to ask before the registered ones.</param>
    /// <param name="className">Its published name.</param>
    internal static ComponentType? TypeOf(IReadOnlyList<ModelFamily> first, string className) =>
        first.Concat(All).Select(family => family.TypeOf(className)).FirstOrDefault(type => type is not null);

    /// <summary>The class that a network is written as.</summary>
    /// <exception cref="NotSupportedException">No registered family has one.</exception>
    internal static NetworkType TypeOf(nn.Module network) =>
        All.SelectMany(family => family.ComponentTypes).Concat(SharedComponentTypes.All).OfType<NetworkType>()
            .FirstOrDefault(type => type.Writes(network))
        ?? throw new NotSupportedException($"A {network.GetType().Name} cannot be written: no model family has it.");
}
