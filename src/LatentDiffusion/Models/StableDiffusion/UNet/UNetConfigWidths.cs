namespace LatentDiffusion.Models;

/// <summary>Numbers that follow from a U-Net's configuration.</summary>
internal static class UNetConfigWidths
{
    extension(UNet2DConditionConfig config)
    {
        /// <summary>Number of attention heads of a resolution, counted from the highest.</summary>
        public int Heads(int block) => (config.NumAttentionHeads ?? config.AttentionHeadDim)[block];

        /// <summary>Whether the timestep's features come from frequencies in the checkpoint.</summary>
        public bool IsFourier => config.TimeEmbeddingType == "fourier";

        /// <summary>Width of the time embedding.</summary>
        public int TimeChannels => config.TimeEmbeddingDim ?? config.BlockOutChannels[0] * (config.IsFourier ? 2 : 4);

        /// <summary>Number of features of the timestep.</summary>
        public int TimeFeatures => config.IsFourier ? config.TimeChannels : config.BlockOutChannels[0];

        /// <summary>Width of the embedding that blocks receive: that of the time, and where it is concatenated that of the class.</summary>
        public int BlockTimeChannels => config.ClassEmbeddingsConcat ? config.TimeChannels * 2 : config.TimeChannels;
    }
}
