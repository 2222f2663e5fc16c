using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Opens the autoencoder of another file for the latents of a model.</summary>
internal static class AutoencoderFile
{
    /// <summary>Opens one.</summary>
    /// <exception cref="InvalidOperationException">Its latents are not the model's.</exception>
    /// <inheritdoc cref="DiffusersFolder.Read" path="/exception"/>
    public static LatentAutoencoder Open(AutoencoderChoice choice, PipelineAssembly assembly)
    {
        CheckpointOptions options = Reading(assembly, choice.Precision) with
        {
            Variant = choice.Variant, UnstatedLatents = Trained(assembly.Model, assembly.Denoiser),
        };
        nn.Module<Tensor, Tensor> network = DiffusersFolder.ReadAutoencoder(FolderOf(choice.Path), options);
        try
        {
            LatentAutoencoder.WidenWhereHalfOverflows(network);
            DenoiserDescription denoiser = assembly.Denoiser.Description;
            int patch = (network as AutoencoderTiny)?.Config.DenoisedPatch ?? 1;
            LatentAutoencoder autoencoder = choice.ScalingFactor is null && network is AutoencoderTiny tiny
                && denoiser.LatentChannels == tiny.Config.LatentChannels * patch * patch
                ? new LatentAutoencoder(tiny, patch)
                : LatentAutoencoder.Create(network, choice.ScalingFactor);
            Check(autoencoder, NameOf(choice.Path), denoiser, assembly.Model?.OwnAutoencoder);
            return autoencoder;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>How files are read for a pipeline.</summary>
    public static CheckpointOptions Reading(PipelineAssembly assembly, ScalarType? precision)
    {
        CheckpointOptions choice = LoadOptionsResolver.Resolve(assembly.Device, precision);
        return new CheckpointOptions
        {
            Device = assembly.Home ?? choice.Device, Type = choice.Type, Logger = assembly.Logger, Families = assembly.Reading.Families,
        };
    }

    /// <summary>Name of a file or folder without its path.</summary>
    public static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    /// <summary>The model's name in parentheses, where it is known.</summary>
    public static string Of(DenoiserDescription denoiser) => denoiser.ModelName is { } name ? $" ({name})" : "";

    private static void Check(LatentAutoencoder autoencoder, string name, DenoiserDescription denoiser, IAutoencoder? own)
    {
        if (autoencoder.LatentChannels != denoiser.LatentChannels)
        {
            throw new InvalidOperationException(
                $"The autoencoder '{name}' has {autoencoder.LatentChannels} latent channels; expected the model's "
                + $"{denoiser.LatentChannels}{Of(denoiser)}.");
        }

        if (own is not null && own.DownsamplingFactor != autoencoder.DownsamplingFactor)
        {
            throw new InvalidOperationException(
                $"The autoencoder '{name}' has a downsampling factor of {autoencoder.DownsamplingFactor}; expected the model's "
                + $"{own.DownsamplingFactor}{Of(denoiser)}.");
        }
    }

    /// <summary>The autoencoder's folder of a model folder; any other path as it is.</summary>
    private static string FolderOf(string path) =>
        File.Exists(Path.Combine(path, DiffusersFolder.IndexFile)) ? Path.Combine(path, ComponentNames.Autoencoder) : path;

    /// <summary>Scale, shift and statistics of the latents that a model was trained on; null where they are not known.</summary>
    private static AutoencoderKLConfig? Trained(DiffusionModel? model, IDenoiser denoiser)
    {
        if (model?.OwnAutoencoder is LatentAutoencoder { Config: AutoencoderKLConfig own }) return own;
        if ((model?.LatentScalingFactor ?? model?.OwnAutoencoder?.ScalingFactor) is not { } scale) return null;
        return new AutoencoderKLConfig
        {
            LatentChannels = denoiser.Description.LatentChannels, ScalingFactor = scale,
            ShiftFactor = PublishedLatents.WithScale(scale)?.ShiftFactor,
        };
    }
}
