using Google.Protobuf;

namespace LatentDiffusion.Tokenization;

/// <summary>Reads a SentencePiece model (Kudo &amp; Richardson 2018), published as <c>spiece.model</c>: a protobuf message.</summary>
internal sealed class SentencePieceFile
{
    private readonly List<(string Text, double Score)> _pieces = [];
    private readonly List<PieceKind> _kinds = [];
    private byte[] _characterMap = [];
    private int _algorithm = (int)Algorithm.Unigram;
    private bool _fallsBackToBytes, _hasSuffix, _prepends = true, _removesSpaces = true, _escapes = true;

    private SentencePieceFile()
    {
    }

    private enum Algorithm
    {
        Unigram = 1,
        BytePairs = 2,
    }

    private enum PieceKind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <exception cref="InvalidDataException">It is not such a file.</exception>
    /// <exception cref="NotSupportedException">It is of another algorithm than unigram.</exception>
    public static TokenizerDefinition Read(byte[] bytes)
    {
        var file = new SentencePieceFile();
        try
        {
            file.ReadModel(new CodedInputStream(bytes));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"it is not a SentencePiece model: {MessageText.Truncate(e.Message, 300)}", e);
        }

        return file.Define();
    }

    private TokenizerDefinition Define()
    {
        if (_algorithm != (int)Algorithm.Unigram)
        {
            string name = _algorithm == (int)Algorithm.BytePairs ? "byte pairs" : $"number {_algorithm}";
            throw new NotSupportedException($"its algorithm, {name}, is not supported; expected unigram.");
        }

        if (_hasSuffix || !_escapes) throw new NotSupportedException("how it writes spaces is not supported.");
        int[] unknown = [.. _kinds.Index().Where(kind => kind.Item == PieceKind.Unknown).Select(kind => kind.Index)];
        if (unknown.Length != 1) throw new InvalidDataException($"it has {unknown.Length} unknown pieces; expected 1.");
        // A piece that a user defined wins over every segmentation of its text.
        double most = _pieces.Where((_, id) => _kinds[id] == PieceKind.Normal).Select(piece => piece.Score).DefaultIfEmpty().Max();
        (string Text, double Score)[] pieces =
        [
            .. _pieces.Select((piece, id) => _kinds[id] == PieceKind.UserDefined
                ? (piece.Text, (System.Text.Encoding.UTF8.GetByteCount(piece.Text) * most) - 0.1) : piece),
        ];
        var map = new CharacterMap(_characterMap);
        return new TokenizerDefinition(
            new UnigramModel(pieces, unknown[0], _fallsBackToBytes, id => _kinds[id] is PieceKind.Normal or PieceKind.UserDefined))
        {
            Normalize = text => WriteSpaces(map.NormalizeLongest(text)),
        };
    }

    private string WriteSpaces(string text)
    {
        if (_removesSpaces) text = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (text.Length == 0) return text;
        return (_prepends ? Metaspace.Symbol.ToString() : "") + text.Replace(' ', Metaspace.Symbol);
    }

    private void ReadModel(CodedInputStream message)
    {
        while (message.ReadTag() is var tag and not 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag))
            {
                case (1, WireFormat.WireType.LengthDelimited):
                    ReadPiece(Inner(message));
                    break;
                case (2, WireFormat.WireType.LengthDelimited):
                    ReadTrainer(Inner(message));
                    break;
                case (3, WireFormat.WireType.LengthDelimited):
                    ReadNormalizer(Inner(message));
                    break;
                default:
                    message.SkipLastField();
                    break;
            }
        }

        if (_pieces.Count == 0) throw new InvalidDataException("it has no pieces.");
    }

    private void ReadPiece(CodedInputStream message)
    {
        string text = "";
        float score = 0;
        int kind = (int)PieceKind.Normal;
        while (message.ReadTag() is var tag and not 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag))
            {
                case (1, WireFormat.WireType.LengthDelimited):
                    text = message.ReadString();
                    break;
                case (2, WireFormat.WireType.Fixed32):
                    score = message.ReadFloat();
                    break;
                case (3, WireFormat.WireType.Varint):
                    kind = message.ReadEnum();
                    break;
                default:
                    message.SkipLastField();
                    break;
            }
        }

        if (!Enum.IsDefined((PieceKind)kind)) throw new InvalidDataException($"piece {_pieces.Count} is of the unknown kind {kind}.");
        _pieces.Add((text, score));
        _kinds.Add((PieceKind)kind);
    }

    private void ReadTrainer(CodedInputStream message)
    {
        while (message.ReadTag() is var tag and not 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag))
            {
                case (3, WireFormat.WireType.Varint):
                    _algorithm = message.ReadEnum();
                    break;
                case (24, WireFormat.WireType.Varint):
                    _hasSuffix = message.ReadBool();
                    break;
                case (35, WireFormat.WireType.Varint):
                    _fallsBackToBytes = message.ReadBool();
                    break;
                default:
                    message.SkipLastField();
                    break;
            }
        }
    }

    private void ReadNormalizer(CodedInputStream message)
    {
        while (message.ReadTag() is var tag and not 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag))
            {
                case (2, WireFormat.WireType.LengthDelimited):
                    _characterMap = message.ReadBytes().ToByteArray();
                    break;
                case (3, WireFormat.WireType.Varint):
                    _prepends = message.ReadBool();
                    break;
                case (4, WireFormat.WireType.Varint):
                    _removesSpaces = message.ReadBool();
                    break;
                case (5, WireFormat.WireType.Varint):
                    _escapes = message.ReadBool();
                    break;
                default:
                    message.SkipLastField();
                    break;
            }
        }
    }

    private static CodedInputStream Inner(CodedInputStream message) => new(message.ReadBytes().ToByteArray());
}
