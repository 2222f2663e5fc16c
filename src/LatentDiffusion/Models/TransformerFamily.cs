using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A family whose denoiser is one transformer over the tokens of latents and text, trained with flow matching.</summary>
/// <typeparam name="TNetwork">The transformer.</typeparam>
/// <typeparam name="TConfig">Its configuration.</typeparam>
internal abstract class TransformerFamily<TNetwork, TConfig> : ModelFamily
    where TNetwork : nn.Module where TConfig : NetworkConfig
{
    /// <summary>Layers that get an adapter in training: the projections of attention to image and text.</summary>
    protected static readonly string[] AttentionLayers =
        ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"];

    private static readonly string[] s_prefixes = ["", TransformerPublication<TConfig>.Prefix];

    private NetworkType? _transformer;

    /// <summary>The class of the transformer.</summary>
    protected NetworkType Transformer => _transformer ??= CreateType();

    /// <summary>How models were published in single files.</summary>
    protected abstract TransformerPublication<TConfig> Published { get; }

    public override IReadOnlyList<ComponentDescription> Components =>
    [
        new(ComponentNames.Transformer, typeof(TNetwork)) { IsRequired = true },
        new(ComponentNames.Autoencoder, typeof(nn.Module<Tensor, Tensor>)) { IsRequired = true },
        .. TextComponents,
    ];

    public override IReadOnlyList<ComponentType> ComponentTypes => [Transformer, .. TextTypes];

    public override IReadOnlyList<LoraComponent> LoraComponents =>
    [
        new(ComponentNames.Transformer)
        {
            Prefixes = ["diffusion_model.", "lora_unet_", "lora_transformer_", "lycoris_"],
            TrainedLayers = TrainedLayers,
            CurrentName = Published.Names.LoraName,
            JoinedNames = Published.Names.JoinedLoraNames,
        },
        .. TextLoraComponents,
    ];

    public override IReadOnlyList<string> SingleFilePrefixes =>
        [.. from marker in Published.FolderMarkers.Prepend(Published.Marker) from prefix in s_prefixes select prefix + marker];

    /// <summary>Text encoders and tokenizers. Default none.</summary>
    protected virtual IReadOnlyList<ComponentDescription> TextComponents => [];

    /// <summary>Classes of text encoders that only the family reads so. Default none.</summary>
    protected virtual IReadOnlyList<ComponentType> TextTypes => [];

    /// <summary>Text encoders that LoRA files patch. Default none.</summary>
    protected virtual IReadOnlyList<LoraComponent> TextLoraComponents => [];

    /// <summary>Layers that get an adapter in training.</summary>
    protected virtual IReadOnlyList<string> TrainedLayers => AttentionLayers;

    public override ModelComponents ReadFile(ITensorSource file, CheckpointOptions options, SingleFileOptions model)
    {
        using var reader = new TransformerReader<TNetwork, TConfig>(file, options, model, Published);
        return reader.Read(this, Transformer);
    }

    public override nn.Module? ReadNetworkFile(ITensorSource file, Type type, CheckpointOptions options)
    {
        if (type != typeof(TNetwork)) return null;
        using var reader = new TransformerReader<TNetwork, TConfig>(file, options, new SingleFileOptions(), Published);
        return reader.ReadTransformer(Transformer);
    }

    public override DiffusionModel CreateModel(ModelComponents components, Device device)
    {
        TNetwork transformer = components.Get<TNetwork>(ComponentNames.Transformer);
        var autoencoder = components.IsPartial
            ? components.Find<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder)
            : components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);
        if (autoencoder is not null) LatentAutoencoder.WidenWhereHalfOverflows(autoencoder);
        return CreateModel(new Parts(
            components, transformer, CreateDenoiser(transformer), autoencoder is null ? null : LatentAutoencoder.Create(autoencoder),
            device));
    }

    /// <remarks>The texts are the application's: <see cref="TextEmbeddingCache"/> keeps those of the text encoders.</remarks>
    public override TrainableModel CreateTrainable(ModelComponents components)
    {
        LatentAutoencoder autoencoder = LatentAutoencoder.Create(components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder));
        return new TrainableModel
        {
            Denoiser = CreateDenoiser(components.Get<TNetwork>(ComponentNames.Transformer)),
            Autoencoder = autoencoder, Scaling = autoencoder.PlainScaling,
        };
    }

    /// <summary>Makes the class of the transformer.</summary>
    protected abstract NetworkType CreateType();

    /// <summary>Makes the denoiser of a transformer.</summary>
    protected abstract TransformerDenoiser CreateDenoiser(TNetwork network);

    /// <summary>Makes a model.</summary>
    protected abstract DiffusionModel CreateModel(Parts parts);

    /// <summary>What a model is made of.</summary>
    /// <param name="Components">The components.</param>
    /// <param name="Transformer">The transformer.</param>
    /// <param name="Denoiser">The transformer as a denoiser.</param>
    /// <param name="Autoencoder">The autoencoder; null for a single file that has none.</param>
    /// <param name="Device">Where the model computes.</param>
    protected sealed record Parts(
        ModelComponents Components, TNetwork Transformer, TransformerDenoiser Denoiser, IAutoencoder? Autoencoder, Device Device)
    {
        /// <summary>The model with a scheduler's configuration.</summary>
        /// <param name="scheduler">The configuration, with what the family's pipelines choose.</param>
        /// <param name="text">The text encoder; null if the model does not contain one.</param>
        /// <param name="sampleSize">Height and width of the latents that the model was trained on.</param>
        public DiffusionModel Model(SchedulerConfig scheduler, ITextEncoder? text, int sampleSize) =>
            new(Denoiser, text, Autoencoder, scheduler, sampleSize, Device);
    }
}
