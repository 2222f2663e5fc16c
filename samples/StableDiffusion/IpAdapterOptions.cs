using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;

namespace StableDiffusion;

/// <summary>Options of IP-Adapters.</summary>
internal sealed class IpAdapterOptions
{
    private readonly Option<FileInfo[]> _files = new("--ip-adapter")
    {
        Description = "File of an IP-Adapter, for image prompts; several may be given. Its image encoder is the folder "
            + "image_encoder next to it, unless --ip-adapter-encoder is given.",
    };

    private readonly Option<string?> _encoder = new("--ip-adapter-encoder")
    {
        Description = "Folder or file of the image encoder of the IP-Adapters.",
    };

    private readonly Option<FileInfo[]> _images = new("--ip-adapter-image")
    {
        Description = "Image prompts, PNG, JPEG or WebP: any number for a single IP-Adapter, one for each of several.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<FileInfo[]> _masks = new("--ip-adapter-mask")
    {
        Description = "Mask of an image prompt, white where it acts: one for each --ip-adapter-image. Everywhere if omitted.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> _scales = new("--ip-adapter-scale")
    {
        Description = "Scale of an IP-Adapter: one for all, or one for each. A number, or scales of blocks as JSON, such as "
            + "{\"up\": {\"block_0\": [0.0, 1.0, 0.0]}} for only the style. 1 if omitted.",
    };

    public IpAdapterOptions()
    {
        _files.AcceptExistingOnly();
        _images.AcceptExistingOnly();
        _masks.AcceptExistingOnly();
    }

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_files, _encoder, _images, _masks, _scales]) command.Options.Add(option);
        command.Validators.Add(Check);
    }

    public IpAdapterChoice Read(ParseResult parsed) => new()
    {
        Files = parsed.GetValue(_files) ?? [],
        Encoder = parsed.GetValue(_encoder),
        Images = parsed.GetValue(_images) ?? [],
        Masks = parsed.GetValue(_masks) ?? [],
        Weights = [.. (parsed.GetValue(_scales) ?? []).Select(IpAdapterWeight.ParseScale)],
    };

    private void Check(CommandResult result)
    {
        int files = Given(_files), images = Given(_images), masks = Given(_masks), scales = Given(_scales);
        foreach (Option option in (Option[])[_encoder, _images, _scales])
            if (Given(option) > 0 && files == 0) result.AddError($"{option.Name} needs {_files.Name}.");
        if (files > 0 && images == 0) result.AddError($"{_files.Name} needs {_images.Name}.");
        if (masks > 0 && masks != images)
            result.AddError($"{_masks.Name} is given {masks} times; expected {images} as for {_images.Name}.");
        if (files > 1 && images != files)
            result.AddError($"{_images.Name} is given {images} times; expected {files} as for {_files.Name}.");
        if (scales > 1 && scales != files)
            result.AddError($"{_scales.Name} is given {scales} times; expected 1, or {files} as for {_files.Name}.");
        foreach (string scale in scales > 0 ? result.GetValue(_scales)! : [])
        {
            try
            {
                IpAdapterWeight.ParseScale(scale);
            }
            catch (FormatException e)
            {
                result.AddError($"{_scales.Name}: {e.Message}");
            }
        }

        int Given(Option option) => result.GetResult(option)?.Tokens.Count ?? 0;
    }
}
