using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The components and settings of a Stable Diffusion model.</summary>
internal static class StableDiffusionParts
{
    extension(ModelComponents components)
    {
        /// <summary>The U-Net.</summary>
        public UNet2DConditionModel UNet => components.Get<UNet2DConditionModel>(ComponentNames.UNet);

        /// <summary>The autoencoder: an <see cref="AutoencoderKL"/>, <see cref="AutoencoderTiny"/> or <see cref="VQModel"/>.</summary>
        public nn.Module<Tensor, Tensor> Autoencoder => components.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);

        /// <summary>The autoencoder; null for a single file that has none.</summary>
        public nn.Module<Tensor, Tensor>? FindAutoencoder => components.Find<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);

        /// <summary>The text encoder; null where there is only the second, or a single file has none.</summary>
        public ClipTextModel? TextEncoder => components.Find<ClipTextModel>(ComponentNames.TextEncoder);

        /// <summary>The second text encoder, with a projection (SDXL); null for none.</summary>
        public ClipTextModel? TextEncoder2 => components.Find<ClipTextModel>(ComponentNames.TextEncoder2);

        /// <summary>The tokenizer of the text encoder; null for a single file that was read without one.</summary>
        public ClipTokenizerFiles? Tokenizer => components.Find<ClipTokenizerFiles>(ComponentNames.Tokenizer);

        /// <summary>The tokenizer of the second text encoder; null for none.</summary>
        public ClipTokenizerFiles? Tokenizer2 => components.Find<ClipTokenizerFiles>(ComponentNames.Tokenizer2);

        /// <summary>The ControlNets of a pipeline that was saved with some.</summary>
        public IReadOnlyList<nn.Module> ControlNets => components.List<nn.Module>(StableDiffusionFamily.ControlNetComponent);

        /// <summary>The T2I-Adapters of a pipeline that was saved with some.</summary>
        public IReadOnlyList<T2IAdapterModel> T2IAdapters => components.List<T2IAdapterModel>(StableDiffusionFamily.T2IAdapterComponent);

        /// <summary>Whether no negative prompt is conditioning of all zeros rather than the encoded empty prompt (SDXL).</summary>
        public bool ForceZerosForEmptyPrompt => components.Setting(StableDiffusionFamily.ForceZeros, whenAbsent: true);

        /// <summary>Whether the U-Net reads an aesthetic score in place of the target size, as SDXL's refiner does.</summary>
        public bool RequiresAestheticsScore => components.Setting(StableDiffusionFamily.AestheticsScore, whenAbsent: false);
    }
}
