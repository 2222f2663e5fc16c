using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;
using static TorchSharp.torch;

namespace StableDiffusion;

/// <summary>Options of separate autoencoders, for images and for previews.</summary>
internal sealed class AutoencoderOptions
{
    private readonly Option<string?> _autoencoder = new("--autoencoder")
    {
        Description = "Folder or file of an autoencoder that replaces the model's: a fine-tuned one, one for inpainting, a consistency "
            + "decoder or a tiny one.",
    };

    private readonly Option<string?> _preview = new("--preview")
    {
        Description = "Folder or file of a tiny autoencoder (TAESD). Each step is written next to --out, as NAME.preview.png.",
    };

    public AutoencoderOptions()
    {
        foreach (Option<string?> option in new[] { _autoencoder, _preview })
        {
            option.Validators.Add(result =>
            {
                foreach (string path in result.Tokens.Select(t => t.Value).Where(path => !Path.Exists(path)))
                    result.AddError($"{option.Name} is '{path}'; expected a folder with a config.json and weights, or a file.");
            });
        }
    }

    /// <summary>All options.</summary>
    public IReadOnlyList<Option> All => [_autoencoder, _preview];

    /// <summary>Checks that no option contradicts another.</summary>
    /// <param name="result">What was given.</param>
    /// <param name="file">The option for the file of a model in separate files.</param>
    public void CheckTogether(CommandResult result, Option file)
    {
        if (IsGiven(_autoencoder) && IsGiven(file))
            result.AddError($"{_autoencoder.Name} is given; expected none together with {file.Name}: both name the autoencoder.");

        bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
    }

    /// <summary>Adds the autoencoders to a pipeline.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="parsed">What was given.</param>
    /// <param name="type">Type that the networks compute in; null for the default.</param>
    /// <param name="variant">Variant of a folder's weights; null for the plain ones.</param>
    public void AddTo(DiffusionPipelineBuilder builder, ParseResult parsed, ScalarType? type, string? variant)
    {
        if (parsed.GetValue(_autoencoder) is { } autoencoder) builder.UseAutoencoder(autoencoder, type, variant);
        if (parsed.GetValue(_preview) is { } preview) builder.UsePreview(preview, type);
    }

    /// <summary>Whether previews are written.</summary>
    public bool HasPreview(ParseResult parsed) => parsed.GetValue(_preview) is not null;
}
