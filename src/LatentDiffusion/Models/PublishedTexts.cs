namespace LatentDiffusion.Models;

/// <summary>Configurations of text encoders, for files that have only weights.</summary>
internal static class PublishedTexts
{
    /// <summary>That of T5's encoder, from the shapes of its tensors; the rest is that of T5 1.1.</summary>
    /// <param name="network">The tensors under the names of the network's parameters.</param>
    /// <exception cref="CheckpointException">It lacks some from which the configuration follows.</exception>
    public static T5Config InferT5(ITensorSource network)
    {
        const string First = "encoder.block.0.layer.0.SelfAttention.", Feeds = ".layer.1.DenseReluDense.wi_0.weight";
        if (network.Find("shared.weight") is not { Shape: [var vocabulary, var width] }
            || network.Find($"{First}q.weight") is not { Shape: [var inner, _] }
            || network.Find($"{First}relative_attention_bias.weight") is not { Shape: [var buckets, var heads] }
            || network.Find($"encoder.block.0{Feeds}") is not { Shape: [var hidden, _] }
            || heads == 0)
            throw new CheckpointException(network.Path, "its T5 lacks the tensors from which its configuration follows.");
        return new T5Config
        {
            VocabSize = (int)vocabulary,
            DModel = (int)width,
            DKv = (int)(inner / heads),
            DFf = (int)hidden,
            NumHeads = (int)heads,
            NumLayers = Count(network, i => $"encoder.block.{i}{Feeds}"),
            RelativeAttentionNumBuckets = (int)buckets,
            FeedForwardProj = "gated-gelu",
        };
    }

    /// <summary>That of Qwen3, from the shapes of its tensors; the rest is that of Qwen3 4B and 8B.</summary>
    /// <param name="network">The tensors under the names of the network's parameters.</param>
    /// <exception cref="CheckpointException">It lacks some from which the configuration follows.</exception>
    public static Qwen3Config InferQwen3(ITensorSource network)
    {
        const string Layers = "model.layers.", First = $"{Layers}0.";
        if (network.Find("model.embed_tokens.weight") is not { Shape: [var vocabulary, var width] }
            || network.Find($"{First}self_attn.q_proj.weight") is not { Shape: [var queries, _] }
            || network.Find($"{First}self_attn.k_proj.weight") is not { Shape: [var keys, _] }
            || network.Find($"{First}self_attn.q_norm.weight") is not { Shape: [var head] }
            || network.Find($"{First}mlp.gate_proj.weight") is not { Shape: [var hidden, _] }
            || head == 0)
            throw new CheckpointException(network.Path, "its Qwen3 lacks the tensors from which its configuration follows.");
        return new Qwen3Config
        {
            VocabSize = (int)vocabulary,
            HiddenSize = (int)width,
            IntermediateSize = (int)hidden,
            NumHiddenLayers = Count(network, i => $"{Layers}{i}.self_attn.q_norm.weight"),
            NumAttentionHeads = (int)(queries / head),
            NumKeyValueHeads = (int)(keys / head),
            HeadDim = (int)head,
            AttentionBias = network.Find($"{First}self_attn.q_proj.bias") is not null,
        };
    }

    private static int Count(ITensorSource network, Func<int, string> name) =>
        Enumerable.Range(0, network.Entries.Count).TakeWhile(i => network.Find(name(i)) is not null).Count();
}
