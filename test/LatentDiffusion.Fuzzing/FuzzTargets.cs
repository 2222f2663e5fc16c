namespace LatentDiffusion.Fuzzing;

/// <summary>All readers under test, each created on first use, and the folder with their files.</summary>
public sealed class FuzzTargets : IDisposable
{
    private static readonly Dictionary<string, Func<string, string, FuzzTarget>> s_targets = new()
    {
        ["safetensors"] = CheckpointTargets.Safetensors,
        ["gguf"] = CheckpointTargets.Gguf,
        ["shards"] = CheckpointTargets.Shards,
        ["pickle"] = CheckpointTargets.Pickle,
        ["pickle-legacy"] = CheckpointTargets.LegacyPickle,
        ["embedding"] = EmbeddingTargets.TextualInversion,
        ["lora"] = LoraTargets.Lora,
        ["lora-packed"] = LoraTargets.Packed,
        ["single-file"] = ModelTargets.SingleFile,
        ["config-unet"] = ModelTargets.UNet,
        ["config-controlnet"] = ModelTargets.ControlNet,
        ["config-kl"] = ModelTargets.AutoencoderKL,
        ["config-tiny"] = ModelTargets.AutoencoderTiny,
        ["config-vq"] = ModelTargets.VQ,
        ["config-text"] = ModelTargets.Text,
        ["config-t5"] = ModelTargets.T5,
        ["config-qwen3"] = ModelTargets.Qwen3,
        ["config-mistral"] = TransformerTargets.Mistral,
        ["config-sd3"] = TransformerTargets.StableDiffusion3,
        ["config-flux"] = TransformerTargets.Flux,
        ["config-flux2"] = TransformerTargets.Flux2,
        ["config-chroma"] = TransformerTargets.Chroma,
        ["config-z-image"] = TransformerTargets.ZImage,
        ["config-flux2-vae"] = TransformerTargets.Flux2Autoencoder,
        ["flux2-index"] = TransformerTargets.Index,
        ["model-index"] = ModelTargets.Index,
        ["scheduler"] = ModelTargets.Scheduler,
        ["tokenizer-vocabulary"] = TokenizerTargets.Vocabulary,
        ["tokenizer-merges"] = TokenizerTargets.Merges,
        ["tokenizer-config"] = TokenizerTargets.Config,
        ["tokenizer-json-unigram"] = TokenizerTargets.Unigram,
        ["tokenizer-json-byte-level"] = TokenizerTargets.ByteLevel,
        ["tokenizer-json-byte-fallback"] = TokenizerTargets.ByteFallback,
        ["tokenizer-sentencepiece"] = TokenizerTargets.SentencePiece,
        ["png"] = ImageTargets.Png,
        ["jpeg"] = ImageTargets.Jpeg,
        ["webp"] = ImageTargets.Webp,
        ["png-text"] = ImageTargets.PngTexts,
        ["request"] = RequestTargets.Texts,
        ["request-properties"] = RequestTargets.AdditionalProperties,
        ["prompt"] = RequestTargets.Prompt,
        ["settings-text"] = SettingsTargets.Text,
        ["settings-comfyui"] = SettingsTargets.ComfyUI,
        ["settings-programs"] = SettingsTargets.Programs,
        ["settings-files"] = SettingsTargets.Files,
        ["latent-cache"] = RunTargets.Rows,
        ["latent-cache-partial"] = RunTargets.PartialRows,
        ["checkpoint"] = RunTargets.Checkpoint,
        ["metrics"] = RunTargets.Metrics,
        ["events"] = RunTargets.Events,
        ["captions"] = DataTargets.Captions,
        ["metadata-jsonl"] = DataTargets.JsonLines,
        ["metadata-csv"] = DataTargets.Csv,
        ["parquet"] = DataTargets.Parquet,
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("latent-diffusion-fuzz-");
    private readonly Dictionary<string, FuzzTarget> _made = [];

    /// <summary>Names of all targets.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_targets.Keys];

    /// <summary>The target with a name.</summary>
    public FuzzTarget this[string name]
    {
        get
        {
            if (_made.TryGetValue(name, out FuzzTarget? made)) return made;
            return _made[name] = s_targets[name](name, _folder.CreateSubdirectory(name).FullName);
        }
    }

    /// <summary>Deletes the folder.</summary>
    public void Dispose() => _folder.Delete(recursive: true);
}
