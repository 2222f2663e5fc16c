using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Schedulers;

namespace Lab;

/// <summary>The model of the experiment: small enough to be trained in minutes on two cores.</summary>
internal static class SmallModel
{
    public const int VocabularySize = 640, MostTokens = 32, LatentChannels = 4;

    private const int TextWidth = 96;

    /// <summary>The side of an image in pixels for each latent.</summary>
    private const int Downsampling = 4;

    /// <summary>Pixels to a sixteenth as many latents of four channels, and back.</summary>
    /// <param name="size">Width and height of the images in pixels.</param>
    public static AutoencoderKLConfig Autoencoder(int size) => new()
    {
        BlockOutChannels = [16, 32, 64],
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
        UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
        LayersPerBlock = 1, LatentChannels = LatentChannels, NormNumGroups = 1, SampleSize = size, ForceUpcast = false,
    };

    /// <summary>Predicts the noise of latents from their timestep and a text.</summary>
    /// <param name="size">Width and height of the images in pixels.</param>
    public static UNet2DConditionConfig UNet(int size) => new()
    {
        SampleSize = size / Downsampling, InChannels = LatentChannels, OutChannels = LatentChannels,
        BlockOutChannels = [32, 64, 128],
        DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        LayersPerBlock = 1, NormNumGroups = 8, CrossAttentionDim = TextWidth, AttentionHeadDim = 4,
    };

    /// <summary>One vector for each token of a caption.</summary>
    public static ClipTextConfig TextEncoder { get; } = new()
    {
        HiddenSize = TextWidth, IntermediateSize = 4 * TextWidth, NumHiddenLayers = 2, NumAttentionHeads = 4,
        MaxPositionEmbeddings = MostTokens, ProjectionDim = TextWidth,
    };

    /// <summary>The noise schedule of DDPM, with a network that predicts ε.</summary>
    public static SchedulerConfig Scheduler { get; } = SchedulerConfig.Parse("""
        {
          "_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02,
          "prediction_type": "epsilon", "timestep_spacing": "trailing", "clip_sample": false, "set_alpha_to_one": true
        }
        """);
}
