namespace LatentDiffusion.Models;

/// <summary>What was published with the weights of Stable Diffusion 3, for files that have only weights.</summary>
internal static class SD3Published
{
    /// <summary>Width of a head in the models without normalised queries and keys; in others it is that of the normalisation.</summary>
    private const int HeadWidth = 64;

    /// <summary>The scheduler that all models were published with.</summary>
    public static SchedulerConfig Scheduler { get; } = SchedulerConfig.Empty
        .With("num_train_timesteps", 1000).With("shift", 3.0).WithClass(FlowMatchEulerScheduler.ClassName);

    /// <summary>The configuration of a transformer, from the shapes of its tensors.</summary>
    /// <param name="network">The tensors under the names of the network's parameters.</param>
    /// <exception cref="CheckpointException">It lacks some from which the configuration follows.</exception>
    public static SD3TransformerConfig Infer(ITensorSource network)
    {
        const string Blocks = "transformer_blocks.";
        if (network.Find("pos_embed.proj.weight") is not { Shape: [var width, var channels, var patch, _] }
            || network.Find("pos_embed.pos_embed") is not { Shape: [1, var places, _] }
            || network.Find("context_embedder.weight") is not { Shape: [_, var textWidth] }
            || network.Find("time_text_embed.text_embedder.linear_1.weight") is not { Shape: [_, var pooledWidth] }
            || network.Find("proj_out.weight") is not { Shape: [var outputs, _] }
            || patch == 0)
            throw new CheckpointException(network.Path, "its transformer lacks the tensors from which its configuration follows.");
        int layers = Count(i => $"{Blocks}{i}.attn.to_q.weight");
        long? normalised = network.Find($"{Blocks}0.attn.norm_q.weight") is { Shape: [var head] } ? head : null;
        long headWidth = Math.Max(normalised ?? HeadWidth, 1);
        return new SD3TransformerConfig
        {
            PatchSize = (int)patch,
            InChannels = (int)channels,
            OutChannels = (int)(outputs / (patch * patch)),
            NumLayers = layers,
            AttentionHeadDim = (int)headWidth,
            NumAttentionHeads = (int)(width / headWidth),
            JointAttentionDim = (int)textWidth,
            CaptionProjectionDim = (int)width,
            PooledProjectionDim = (int)pooledWidth,
            PosEmbedMaxSize = (int)Math.Round(Math.Sqrt(places)),
            DualAttentionLayers =
                [.. Enumerable.Range(0, layers).Where(i => network.Find($"{Blocks}{i}.attn2.to_q.weight") is not null)],
            QkNorm = normalised is null ? null : "rms_norm",
        };

        int Count(Func<int, string> name) =>
            Enumerable.Range(0, network.Entries.Count).TakeWhile(i => network.Find(name(i)) is not null).Count();
    }
}
