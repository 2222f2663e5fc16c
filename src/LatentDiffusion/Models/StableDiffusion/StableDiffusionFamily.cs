using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Stable Diffusion 1 and 2, SDXL and its refiner: a U-Net that reads one or two CLIP text encoders.</summary>
internal sealed class StableDiffusionFamily : ModelFamily
{
    /// <summary>Settings of SDXL in a folder's index.</summary>
    public const string ForceZeros = "force_zeros_for_empty_prompt", AestheticsScore = "requires_aesthetics_score";

    /// <summary>
    /// The ControlNets that a pipeline was saved with, in the order of their images: <see cref="ControlNetModel"/> or
    /// <see cref="ControlNetUnionModel"/>.
    /// </summary>
    public static readonly ComponentDescription ControlNetComponent =
        new(ComponentNames.ControlNet, typeof(nn.Module)) { ListClass = "MultiControlNetModel" };

    /// <summary>The T2I-Adapters that a pipeline was saved with, in the order of their images.</summary>
    public static readonly ComponentDescription T2IAdapterComponent =
        new(ComponentNames.Adapter, typeof(T2IAdapterModel)) { ListClass = "MultiAdapter" };

    public override string Name => "Stable Diffusion";

    public override IReadOnlyList<string> PipelineClasses { get; } =
    [
        "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline",
        "StableDiffusionControlNetPipeline", "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline",
        "StableDiffusionXLInpaintPipeline", "StableDiffusionXLControlNetPipeline", "StableDiffusionXLControlNetUnionPipeline",
        "StableDiffusionAdapterPipeline", "StableDiffusionXLAdapterPipeline", "StableDiffusionInstructPix2PixPipeline",
        "StableDiffusionXLInstructPix2PixPipeline", "LatentConsistencyModelPipeline", "LatentConsistencyModelImg2ImgPipeline",
    ];

    public override IReadOnlyList<ComponentDescription> Components { get; } =
    [
        new(ComponentNames.UNet, typeof(UNet2DConditionModel)) { IsRequired = true },
        new(ComponentNames.Autoencoder, typeof(nn.Module<Tensor, Tensor>)) { IsRequired = true },
        new(ComponentNames.TextEncoder, typeof(ClipTextModel)),
        new(ComponentNames.TextEncoder2, typeof(ClipTextModel)),
        new(ComponentNames.Tokenizer, typeof(ClipTokenizerFiles)),
        new(ComponentNames.Tokenizer2, typeof(ClipTokenizerFiles)),
        ControlNetComponent,
        T2IAdapterComponent,
    ];

    public override IReadOnlyList<ComponentType> ComponentTypes { get; } =
    [
        NetworkType.Create<UNet2DConditionModel, UNet2DConditionConfig>(
            nameof(UNet2DConditionModel), UNet2DConditionConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
        NetworkType.Create<ControlNetModel, ControlNetConfig>(
            nameof(ControlNetModel), ControlNetConfig.FromJson, (config, layers) => new(config, layers), network => network.Config),
        NetworkType.Create<ControlNetUnionModel, ControlNetUnionConfig>(
            nameof(ControlNetUnionModel), ControlNetUnionConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config, alsoReads: "ControlNetModel_Union"),
        NetworkType.Create<T2IAdapterModel, T2IAdapterConfig>(
            T2IAdapterModel.ClassName, T2IAdapterConfig.FromJson, (config, layers) => new(config, layers), network => network.Config),
    ];

    public override IReadOnlyList<LoraComponent> LoraComponents => StableDiffusionLora.Components;

    public override IReadOnlyList<string> SingleFilePrefixes => [LdmNames.UNetBlocks];

    public override ModelComponents ReadFile(ITensorSource file, CheckpointOptions options, SingleFileOptions model)
    {
        using var reader = new LdmReader(file, options, model);
        return reader.Read();
    }

    internal override void WriteFile(ModelComponents components, string path, ScalarType? type) => LdmFile.Write(components, path, type);

    public override nn.Module? ReadNetworkFile(ITensorSource file, Type type, CheckpointOptions options)
    {
        using var reader = new LdmReader(file, options, new SingleFileOptions());
        bool isControlNet = type.IsAssignableFrom(typeof(ControlNetModel)) || type.IsAssignableFrom(typeof(ControlNetUnionModel));
        return isControlNet ? reader.ReadControlNet()
            : type.IsAssignableFrom(typeof(T2IAdapterModel)) ? reader.ReadT2IAdapter()
            : type.IsAssignableFrom(typeof(AutoencoderKL)) || type.IsAssignableFrom(typeof(AutoencoderKLFlux2)) ? reader.ReadAutoencoder()
            : null;
    }

    public override DiffusionModel CreateModel(ModelComponents components, Device device)
    {
        ComponentValidator.Check(components);
        nn.Module<Tensor, Tensor>? autoencoder = components.FindAutoencoder;
        if (autoencoder is not null) LatentAutoencoder.WidenWhereHalfOverflows(autoencoder);
        UNet2DConditionConfig config = components.UNet.Config;
        return new DiffusionModel(
            new UNetDenoiser(components.UNet, components.RequiresAestheticsScore), TextEncoderOf(components),
            autoencoder is null ? null : LatentAutoencoder.Create(autoencoder), components.Scheduler,
            config.SampleSize?[0] ?? DiffusionPipelineBuilder.DefaultSampleSize, device)
        {
            Guidance = config.TimeCondProjDim is null ? null : new EmbeddedGuidance(),
            LatentScalingFactor = autoencoder is null ? PublishedModels.LatentScalingFactor(config, components.Scheduler) : null,
        };
    }

    public override TrainableModel CreateTrainable(ModelComponents components) => StableDiffusionTraining.Create(components);

    internal override IEnumerable<(string Name, IControlNet Network)> ControlNets(ModelComponents components) =>
        components.ControlNets.Select((network, i) => (Name: ControlNetComponent.NameAt(i), Network: network)).Select(part =>
            (part.Name, ControlNetOf(part.Network) ?? throw new InvalidDataException(
                $"The component '{part.Name}' of the model is a {part.Network.GetType().Name}, not a ControlNet.")));

    internal override IControlNet ReadControlNet(string path, CheckpointOptions options)
    {
        nn.Module network = DiffusersFolder.ReadNetwork<nn.Module>(path, options);
        if (ControlNetOf(network) is { } controlNet) return controlNet;
        network.Dispose();
        throw new InvalidDataException($"{path} holds a {network.GetType().Name}, not a {nameof(ControlNetModel)}.");
    }

    internal override IEnumerable<(string Name, IT2IAdapter Network)> T2IAdapters(ModelComponents components) =>
        components.T2IAdapters.Select((network, i) => (T2IAdapterComponent.NameAt(i), (IT2IAdapter)new UNetT2IAdapter(network)));

    internal override IT2IAdapter ReadT2IAdapter(string path, CheckpointOptions options) =>
        new UNetT2IAdapter(DiffusersFolder.ReadNetwork<T2IAdapterModel>(path, options));

    private static IControlNet? ControlNetOf(nn.Module network) => network switch
    {
        ControlNetModel one => new UNetControlNet(one),
        ControlNetUnionModel union => new UNetControlNetUnion(union),
        _ => null,
    };

    private static ITextEncoder? TextEncoderOf(ModelComponents components)
    {
        (ClipTextModel, ClipTokenizer)? first = components.TextEncoder is { } text ? (text, components.Tokenizer!.Build()) : null;
        if (components.TextEncoder2 is { } second)
            return new ClipTextEncoder(first, (second, components.Tokenizer2!.Build()), components.ForceZerosForEmptyPrompt);
        return first is { } one ? new ClipTextEncoder(one.Item1, one.Item2) : null;
    }
}
