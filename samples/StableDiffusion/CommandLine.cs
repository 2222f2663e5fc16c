using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;
using LatentDiffusion.Checkpoints;
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

    private static readonly Dictionary<string, WeightStorage> s_storages = new()
    {
        ["expanded"] = WeightStorage.Expanded, ["as-stored"] = WeightStorage.AsStored,
    };

    private static readonly string s_schedulers = string.Join(", ", KnownSchedulers.All);

    private readonly Argument<string> _prompt = new("prompt")
    {
        Description = "What the image shows. Models with CLIP read any length, and (word:1.3) weights a word. Optional with "
            + "--from-image.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _model = new("--model")
    {
        Required = true,
        Description = "Model folder in the layout of diffusers, a single .safetensors, .ckpt or .gguf file, or organisation/name of a "
            + "published model, which is downloaded once; of a family that --list-families lists. Steps, guidance, size and scheduler "
            + "are those that suit the model where they are not given.",
    };

    private readonly Option<string?> _revision = new("--revision")
    {
        Description = "For a published model: branch, tag or commit. Its main branch if omitted.",
    };

    private readonly Option<bool> _listFamilies = new("--list-families")
    {
        Description = "List the families of models that can be opened, and end.", Action = new FamilyList(),
    };

    private readonly Option<string?> _tokenizer = new("--tokenizer")
    {
        Description = "For a single file: folder with the tokenizer's files, or with folders of several. Searched next to the file if "
            + "omitted.",
    };

    private readonly Option<FileInfo[]> _textEncoders = new("--text-encoder")
    {
        Description = "Files of the text encoders, where --model is a file of the transformer only; in any order.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<FileInfo> _autoencoder = new("--vae")
    {
        Description = "File of the autoencoder, where --model is a file of the transformer only.",
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

    private readonly Option<string> _storage = new("--storage")
    {
        Description = $"How weights are held in memory: {string.Join(" or ", s_storages.Keys)}, in the memory of their file (CPU).",
        DefaultValueFactory = _ => s_storages.Keys.First(),
    };

    private readonly Option<DirectoryInfo?> _loraFolder = new("--lora-folder")
    {
        Description = "Folder of LoRA files that the prompt may name: <lora:name:0.8>.",
    };

    private readonly Option<Lora[]> _loras = new("--lora")
    {
        Description = "FILE or FILE:scale, LoRA or another adapter; several may be given.", CustomParser = ParseLoras,
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

    private readonly Option<int?> _clipSkip = new("--clip-skip")
    {
        Description = "Layer of the text encoder whose output is used, from the end: 1 is the last. For models with CLIP.",
    };

    private readonly Option<string?> _scheduler = new("--scheduler")
    {
        Description = $"Sampling algorithm: {s_schedulers}. The model's own if omitted.",
    };

    private readonly Option<bool> _promptSyntax = new("--prompt-syntax")
    {
        Description = "Read [from:to:0.5], [a|b], a AND b :0.5 and # comments in the prompts. Without, they are text.",
    };

    private readonly RequestOptions _request = new();
    private readonly MaskOptions _masking = new();
    private readonly UpscaleOptions _upscale = new();
    private readonly MetadataOptions _metadata = new();
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

    private readonly Option<FileInfo[]> _references = new("--reference")
    {
        Description = "Images that the prompt refers to, for models that edit images: several for FLUX.2, one for InstructPix2Pix; PNG, "
            + "JPEG or WebP.",
        AllowMultipleArgumentsPerToken = true,
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

    private readonly T2IAdapterOptions _adapters = new();
    private readonly IpAdapterOptions _ipAdapters = new();
    private readonly ControlNetUnionOptions _union = new();
    private readonly AutoencoderOptions _autoencoders = new();

    private readonly Option<string> _out = new("--out")
    {
        Description = "File to write: PNG, JPEG or WebP by its extension. With --count above 1, each seed is put before the extension.",
        DefaultValueFactory = _ => "image.png",
    };

    public CommandLine()
    {
        AddRules();
        const string Summary =
            "Generates images with a published model of any family: from text, from images, within a mask, along lines.";
        Command = new RootCommand(Summary)
        {
            _prompt, _model, _revision, _listFamilies, _textEncoders, _autoencoder, _tokenizer, _variant, _dtype, _storage, _loras,
            _loraFolder, _embeddings, _refiner, _refinerStart, _clipSkip, _promptSyntax, _scheduler,
            _request.Negative, _request.Steps, _request.Timesteps, _request.Sigmas, _request.Eta, _request.Churn, _request.Mu,
            _request.Guidance, _request.ImageGuidance,
            _request.Seed, _request.ImageCount, _request.Width, _request.Height, _image,
            _request.Strength, _mask, _repaintTransparent, _references, _controlNets, _controlImages, _controlScales, _out,
            _metadata.FromImage, _metadata.Format,
        };
        foreach (Option option in _adapters.All.Concat(_union.All)) Command.Add(option);
        foreach (Option option in _autoencoders.All) Command.Add(option);
        _masking.AddTo(Command);
        _upscale.AddTo(Command);
        _ipAdapters.AddTo(Command);
        Command.Validators.Add(CheckTogether);
        Command.Validators.Add(_adapters.CheckTogether);
        Command.Validators.Add(_union.CheckTogether);
        Command.Validators.Add(result => _autoencoders.CheckTogether(result, _autoencoder));
    }

    public RootCommand Command { get; }

    public ModelChoice ReadModel(ParseResult parsed) => new(parsed.GetValue(_model)!)
    {
        Revision = parsed.GetValue(_revision),
        TextEncoders = parsed.GetValue(_textEncoders) ?? [],
        Autoencoder = parsed.GetValue(_autoencoder),
        Tokenizer = parsed.GetValue(_tokenizer),
        Variant = parsed.GetValue(_variant),
        Type = TypeOf(parsed),
        Storage = s_storages[parsed.GetValue(_storage)!],
        Scheduler = parsed.GetValue(_scheduler),
        ClipSkip = parsed.GetValue(_clipSkip),
        PromptSyntax = parsed.GetValue(_promptSyntax),
        Loras = parsed.GetValue(_loras) ?? [],
        LoraFolder = parsed.GetValue(_loraFolder)?.FullName,
        Embeddings = parsed.GetValue(_embeddings) ?? [],
        ControlNets = parsed.GetValue(_controlNets) ?? [],
        Refiner = parsed.GetValue(_refiner),
        RefinerStart = parsed.GetValue(_refinerStart),
        Features = builder =>
        {
            _adapters.AddTo(builder, parsed);
            _union.AddTo(builder, parsed);
            _ipAdapters.Read(parsed).AddTo(builder);
            if (_upscale.ReadFile(parsed) is { } file) builder.UseUpscaler(file);
            _autoencoders.AddTo(builder, parsed, TypeOf(parsed), parsed.GetValue(_variant));
        },
        Metadata = _metadata.ReadFormat(parsed),
    };

    public ImageChoice ReadImage(ParseResult parsed) => new(ReadRequest(parsed), parsed.GetValue(_out)!)
        {
            Source = _metadata.ReadSource(parsed, _request.Negative, _scheduler, parsed.GetValue(_loraFolder) is not null),
            Image = parsed.GetValue(_image),
            Mask = parsed.GetValue(_mask),
            RepaintTransparent = parsed.GetValue(_repaintTransparent),
            References = parsed.GetValue(_references) ?? [],
            ControlImages = parsed.GetValue(_controlImages) ?? [],
            ControlScales = parsed.GetValue(_controlScales) ?? [],
            Features = request => _ipAdapters.Read(parsed).AddTo(_adapters.AddTo(request, parsed)),
            WritesPreviews = _autoencoders.HasPreview(parsed),
        };

    private GenerationRequest ReadRequest(ParseResult parsed) =>
        _upscale.Read(parsed, _request.Read(parsed, parsed.GetValue(_prompt) ?? "") with { Inpainting = _masking.Read(parsed) });

    private ScalarType? TypeOf(ParseResult parsed) => parsed.GetValue(_dtype) is { } name ? s_types[name] : null;

    private static Embedding[] ParseEmbeddings(ArgumentResult result)
    {
        Embedding[] embeddings = [.. result.Tokens.Select(t => Embedding.Parse(t.Value))];
        foreach (Embedding embedding in embeddings.Where(e => !File.Exists(e.File)))
            result.AddError($"--embedding: the file '{embedding.File}' does not exist.");
        return embeddings;
    }

    private static Lora[] ParseLoras(ArgumentResult result)
    {
        Lora[] loras = [.. result.Tokens.Select(t => Lora.Parse(t.Value))];
        foreach (Lora lora in loras.Where(l => !File.Exists(l.File))) result.AddError($"--lora: the file '{lora.File}' does not exist.");
        return loras;
    }
}
