using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;
using LatentDiffusion.Samples;
using static TorchSharp.torch;

namespace StableDiffusion;

/// <summary>The options of the command line. Their validation is in the other half.</summary>
internal sealed partial class CommandLine
{
    private static readonly Dictionary<string, ScalarType> s_types = new()
    {
        ["float32"] = ScalarType.Float32, ["bfloat16"] = ScalarType.BFloat16, ["float16"] = ScalarType.Float16,
    };

    private static readonly string s_schedulers = string.Join(", ", KnownSchedulers.All);

    private readonly Argument<string> _prompt = new("prompt")
    {
        Description = "What the image shows, of any length. (word:1.3) weights a word.",
    };

    private readonly Option<string> _model = new("--model")
    {
        Required = true,
        Description = "Model folder in the layout of diffusers, or a single .safetensors or .ckpt file: SD 1.x, 2.x, XL.",
    };

    private readonly Option<string?> _tokenizer = new("--tokenizer")
    {
        Description = "For a single file: folder with vocab.json and merges.txt. Searched next to the file if omitted.",
    };

    private readonly Option<string?> _variant = new("--variant")
    {
        Description = "For a folder: variant of the weights, for example fp16.",
    };

    private readonly Option<string?> _dtype = new("--dtype")
    {
        Description = $"Type that the networks compute in: {string.Join(", ", s_types.Keys)}. "
            + "If omitted, float32 on the CPU and the files' own type elsewhere.",
    };

    private readonly Option<Lora[]> _loras = new("--lora")
    {
        Description = "FILE or FILE:scale, a low-rank patch; several may be given.", CustomParser = ParseLoras,
    };

    private readonly Option<Embedding[]> _embeddings = new("--embedding")
    {
        Description = "FILE or FILE:token, a learned token (textual inversion) for the prompts; several may be given.",
        CustomParser = ParseEmbeddings,
    };

    private readonly Option<string?> _refiner = new("--refiner")
    {
        Description = "Model folder or single file of a refiner, which makes the last steps (XL).",
    };

    private readonly Option<double> _refinerStart = new("--refiner-start")
    {
        Description = "Fraction of the schedule before the refiner takes over, above 0 and below 1.", DefaultValueFactory = _ => 0.8,
    };

    private readonly Option<int> _clipSkip = new("--clip-skip")
    {
        Description = "Layer of the text encoder whose output is used, from the end: 1 is the last.", DefaultValueFactory = _ => 1,
    };

    private readonly Option<string?> _scheduler = new("--scheduler")
    {
        Description = $"Sampling algorithm: {s_schedulers}. The model's own if omitted.",
    };

    private readonly RequestOptions _request = new();
    private readonly Option<FileInfo> _image = new("--image") { Description = "An image to start from, PNG, JPEG or WebP." };

    private readonly Option<FileInfo> _mask = new("--mask")
    {
        Description = "The area of --image that is repainted: an image of its size, white there and black or transparent elsewhere. "
            + "Inpainting models read it; with others the rest is restored after every step.",
    };

    private readonly Option<bool> _repaintTransparent = new("--repaint-transparent")
    {
        Description = "Repaint the transparent parts of --image, in place of --mask.",
    };

    private readonly Option<string[]> _controlNets = new("--controlnet")
    {
        Description = "Folder of a ControlNet; several may be given. Those of the model's own folder come first.",
    };

    private readonly Option<FileInfo[]> _controlImages = new("--control-image")
    {
        Description = "The image for a ControlNet, such as edges or a pose: one for each, in their order.",
    };

    private readonly Option<double[]> _controlScales = new("--control-scale")
    {
        Description = "How strongly a ControlNet controls: one for all, or one for each. 1 if omitted.",
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "PNG file to write. With --count above 1, each seed is put before the extension.",
        DefaultValueFactory = _ => "image.png",
    };

    public CommandLine()
    {
        AddRules();
        const string Summary =
            "Generates images with a model of the Stable Diffusion family: from text, from an image, within a mask, along lines.";
        Command = new RootCommand(Summary)
        {
            _prompt, _model, _tokenizer, _variant, _dtype, _loras, _embeddings, _refiner, _refinerStart, _clipSkip, _scheduler,
            _request.Negative, _request.Steps, _request.Timesteps, _request.Sigmas, _request.Eta, _request.Churn, _request.Mu,
            _request.Guidance,
            _request.Seed, _request.Count, _request.Width, _request.Height, _image,
            _request.Strength, _mask, _repaintTransparent, _controlNets, _controlImages, _controlScales, _out,
        };
        Command.Validators.Add(CheckTogether);
    }

    public RootCommand Command { get; }

    public ModelChoice ReadModel(ParseResult parsed) => new(parsed.GetValue(_model)!)
    {
        Tokenizer = parsed.GetValue(_tokenizer),
        Variant = parsed.GetValue(_variant),
        Type = parsed.GetValue(_dtype) is { } name ? s_types[name] : null,
        Scheduler = parsed.GetValue(_scheduler),
        ClipSkip = parsed.GetValue(_clipSkip),
        Loras = parsed.GetValue(_loras) ?? [],
        Embeddings = parsed.GetValue(_embeddings) ?? [],
        ControlNets = parsed.GetValue(_controlNets) ?? [],
        Refiner = parsed.GetValue(_refiner),
        RefinerStart = parsed.GetValue(_refinerStart),
    };

    public ImageChoice ReadImage(ParseResult parsed) =>
        new(_request.Read(parsed, parsed.GetValue(_prompt)!), parsed.GetValue(_out)!)
        {
            Image = parsed.GetValue(_image),
            Mask = parsed.GetValue(_mask),
            RepaintTransparent = parsed.GetValue(_repaintTransparent),
            ControlImages = parsed.GetValue(_controlImages) ?? [],
            ControlScales = parsed.GetValue(_controlScales) ?? [],
        };

    private static Embedding[] ParseEmbeddings(ArgumentResult result)
    {
        Embedding[] embeddings = [.. result.Tokens.Select(t => Embedding.Parse(t.Value))];
        foreach (Embedding embedding in embeddings.Where(e => !File.Exists(e.File)))
            result.AddError($"--embedding: there is no file '{embedding.File}'.");
        return embeddings;
    }

    private static Lora[] ParseLoras(ArgumentResult result)
    {
        Lora[] loras = [.. result.Tokens.Select(t => Lora.Parse(t.Value))];
        foreach (Lora lora in loras.Where(l => !File.Exists(l.File))) result.AddError($"--lora: there is no file '{lora.File}'.");
        return loras;
    }
}
