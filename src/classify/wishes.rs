//! What people plainly ask of the desk itself, whatever the subject: a person, the state of their ticket, sooner …
//!
//! Conservative: a wish that is overlooked costs a look by an agent, a wish that is imagined closes a ticket. `thanks`,
//! `solved` and `not_solved` are found only in short texts that say nothing else.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::{Language, Wish};
use crate::text::courtesy;
use crate::text::pattern_set::{Pattern, PatternSet};

use super::BuildError;

/// Patterns that hold wherever they match, with the wish they mean.
const ANYWHERE: &[(Wish, &str)] = &[
    (
        Wish::Person,
        r"(?:人間|有人|生身の人|オペレーター?|担当(?:者|の方|の人)|係の(?:者|人|方)|スタッフ|人)(?:の方)?(?:と|に)(?:直接)?(?:話|お話|つない|繋い|代わ|替わ|かわっ|交代|対応して|相談し(?:たい|させ))",
    ),
    (
        Wish::Person,
        r"(?:オペレーター?|有人(?:対応|チャット|窓口)|人間(?:の対応|による対応))(?:を|に)?(?:希望|お願い|切り替え|してほしい|して欲しい|してください)",
    ),
    (Wish::Person, r"(?:bot|ボット|機械|自動(?:応答|返信))(?:では|じゃ)(?:なく|ない)"),
    (
        Wish::Person,
        r"(?-u:\b)(?:talk|speak|chat|connect me|transfer me|put me through|escalate(?: this| me)?)(?: directly)? (?:to|with) (?:an? |the |some ?)?(?:real |actual |live |human )*(?:person|human|someone|somebody|agent|operator|representative|rep|staff|staff member|member of staff|engineer|supervisor|manager)(?-u:\b)",
    ),
    (
        Wish::Person,
        r"(?-u:\b)(?:i (?:want|need)|get me|give me) (?:an? |the )?(?:real |actual |live )*(?:human|agent|operator|representative|person to help)(?-u:\b)|(?-u:\b)not a (?:bot|robot|machine)(?-u:\b)",
    ),
    (
        Wish::Status,
        r"(?:進捗|進み具合|進行状況|対応状況|作業状況|その後(?:の状況)?(?:は|、)?(?:どう|いかが)|状況(?:は|について)?(?:どう|いかが|を?(?:教え|お知らせ|ご連絡|確認させ|知りた)))",
    ),
    (
        Wish::Status,
        r"(?:チケット|依頼|(?:お)?問い?合わ?せ|案件|申請|受付|t-[0-9]+)(?:した(?:件|もの)|の件)?(?:の|は)?(?:今の|現在の|いまの)?(?:状況|ステータス|状態|進捗)|(?:チケット|受付)(?:の)?一覧",
    ),
    (
        Wish::Status,
        r"(?-u:\b)(?:status of (?:my |our |the )?(?:open )?(?:tickets?|requests?|cases?|t-[0-9]+)|(?:my|our) tickets?(?:' status|'s status| status)|(?:list|show)(?: me)? (?:my|our) (?:open )?tickets|how are (?:my|our) (?:tickets|requests|cases) (?:going|doing|coming))(?-u:\b)",
    ),
    (
        Wish::Status,
        r"(?:いつ(?:頃|ごろ)?(?:回答|返信|返事|対応|連絡|完了|直り|解決)[^。\n]{0,12}(?:か|予定|\?))|(?:まだ(?:回答|返信|返事|連絡)(?:が|を)?(?:ない|ありません|来て|きて|もらえて|いただけて|頂けて))",
    ),
    (
        Wish::Status,
        r"(?-u:\b)(?:any (?:update|news|progress)|(?:what(?:'s| is)|check(?:ing)?|know|ask(?:ing)? about) the (?:current )?(?:status|progress) (?:of|on)|status (?:update|of my (?:ticket|request|case|issue))|how is (?:my|our|the) (?:ticket|request|case) (?:going|doing|coming)|following up on (?:my|our|the|this)|still waiting (?:for|on) (?:a|an|your|the|any) (?:reply|response|answer|update))",
    ),
    (
        Wish::High,
        r"至急|大至急|緊急|急ぎ(?:です|で|の|ます|たい|、|。|$)|お急ぎ|早急|急いで(?:ください|下さい|います|いる|ほし|欲し|もら|いただ)|今すぐ|いますぐ|本日中|今日中|すぐに?(?:対応|復旧|直し|確認)|一刻も早く",
    ),
    (
        Wish::High,
        r"(?-u:\b)(?:urgent(?:ly)?|asap|a\.s\.a\.p|as soon as possible|immediately|right away|top priority|high priority|emergency|by (?:the )?end of (?:the )?(?:day|business)|by eod|by today)(?-u:\b)",
    ),
    (
        Wish::Low,
        r"急ぎません|急ぎでは(?:ない|あり)|急ぎではございません|急いでいません|いつでも(?:いい|よい|良い|構い|かまい|大丈夫|結構)|(?:手|お手)の?空い(?:た|ている)(?:とき|時)|お時間のある(?:とき|時)|時間の?ある(?:とき|時)に|検討(?:中|して(?:い|お))",
    ),
    (
        Wish::Low,
        r"(?-u:\b)(?:no (?:rush|hurry)|not (?:at all )?urgent|(?:isn't|is not) urgent|low priority|whenever you (?:can|have time|get (?:a|the) chance)|when you have (?:a )?(?:time|moment|minute)|at your convenience|no particular (?:date|deadline)|just thinking about)(?-u:\b)",
    ),
    (
        Wish::Complaint,
        r"クレーム(?:です|を|として|が|に)|苦情|(?:対応|態度|サービス|説明|仕事|品質)(?:が|は)?[^。\n]{0,10}(?:ひどい|ひどすぎ|酷い|酷すぎ|最悪|悪すぎ|遅すぎ|失礼|お粗末)|いい加減に(?:し|して)|ふざけ(?:ない|るな|てる|ている)|許せ(?:ない|ません)|納得(?:が)?(?:いかない|いきません|できない|できません)|責任者(?:を|に|から|と)|上の(?:者|人)を(?:出|だ)|不愉快|(?:大変|非常に|とても)不満|信じられない対応|誠意(?:が|を)|怒っ(?:て|た)|腹(?:が|の)立",
    ),
    (
        Wish::Complaint,
        r"(?-u:\b)(?:(?:make|file|lodge|raise|have|submit) an? (?:formal |official )?complaint|complain(?:ing)? about|unacceptable|(?:terrible|horrible|awful|appalling|disgraceful|worst) (?:service|support|experience|customer)|ridiculous|fed up|(?:very|extremely|so|really|deeply) (?:angry|disappointed|unhappy|upset|dissatisfied|frustrated)|sick (?:and tired )?of|your (?:manager|supervisor)|treated rudely|waste of (?:time|money))(?-u:\b)",
    ),
    (
        Wish::Security,
        r"改ざん|改竄|書き換えられ|不正アクセス|不正(?:に)?(?:ログイン|侵入|利用)|乗っ取(?:ら|り)|情報漏(?:えい|洩|れ)|漏(?:えい|洩)(?:し|の|が|した)|流出(?:し|の|が|した)|ランサム|ウイルス(?:に)?感染|マルウェア|感染(?:し|した|の疑い)|暗号化され(?:て|た|まし)[^。\n]{0,20}(?:身代金|開け|読め)|身代金|フィッシング[^。\n]{0,12}(?:入力し|開い|クリックし|引っかか|ひっかか)|サイバー攻撃|ハッキング|ハックされ",
    ),
    (
        Wish::Security,
        r"(?-u:\b)(?:defaced|defacement|ransomware|ransom (?:note|demand)|data (?:breach|leak)|leaked (?:data|credentials|passwords?|customer)|(?:been|was|were|got|is|are|account) (?:hacked|compromised|breached|hijacked)|unauthori[sz]ed (?:access|login|log-?in|sign-?in|transaction)|malware|(?:infected|infection) (?:with|by)|virus (?:infection|infected)|infected (?:pc|computer|machine|laptop)|intrusion|(?:clicked|entered my password)[^.\n]{0,30}phishing|phishing[^.\n]{0,30}(?:clicked|entered)|suspicious (?:login|log-?in|sign-?in|access))(?-u:\b)",
    ),
];

/// How a short reply ends a matter, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// More than thanks: a question, a wish, a `but`.
    More,
    /// "That solved it."
    Solved,
    /// "That did not help."
    NotSolved,
}

/// Patterns that are looked for in short replies. Languages stand apart: a pattern is compiled when a text first holds one
/// of its words.
const OUTCOMES: &[(Outcome, &str)] = &[
    (
        Outcome::More,
        r"[?？]|(?:ください|下さい|お願い|でしょうか|ですか|ますか|ませんか|ほしい|欲しい|たいです|たいの|もらえ|いただけ(?:ます|ません|れば)|頂け(?:ます|れば))",
    ),
    (
        Outcome::More,
        r"(?:が、|けど|けれど|しかし|ただ、|ただし|でも、|一方|ところで|なお、|また、|別件|ついで|追加で|もう一(?:つ|点|度)|(?:でき|出来|解決し|直ら|動か|なら|届か|つながら|繋がら)(?:ない|ません))",
    ),
    (
        Outcome::More,
        r"(?-u:\b)(?:but|however|still|except|also|another|by the way|btw|please|could|can you|would|how|what|when|where|why|need|want|doesn't|don't|didn't|not|isn't|won't|cannot|can't|unable|again)(?-u:\b)",
    ),
    (
        Outcome::Solved,
        r"(?:解決(?:しました|いたしました|致しました|できました|出来ました|済み(?:です|となりました)|です)|直りました|治りました|なおりました|復旧しました|できるようになりました|出来るようになりました|つながるようになりました|繋がるようになりました|(?:つな|繋)がりました|届きました|送れました|ログインできました|入れました|(?:うまく|無事|問題なく|正常に)[^。\n]{0,15}(?:できました|出来ました|いきました|動きました|動いています|動作しました|入れました|ログインできました|なりました|完了しました)|もう(?:大丈夫|問題ありません)|クローズして(?:いただいて)?(?:ください|構いません|大丈夫|結構))",
    ),
    (
        Outcome::Solved,
        r"(?-u:\b)(?:(?:that|this|it|which)(?:'s| has| have)? (?:now )?(?:solved|fixed|resolved|worked|did the trick|did it)|(?:issue|problem|it|this|everything|all)(?: is|'s| has been| was| got)? (?:now )?(?:solved|resolved|fixed|sorted)|(?:it|everything|all|vpn|mail|login)(?: is|'s)? (?:now )?(?:works|working)(?: now| again| fine| well| perfectly)*|problem solved|(?:you )?(?:can|may) close (?:the|this|my) (?:ticket|case|issue)|no longer (?:an issue|a problem))(?-u:\b)",
    ),
    (
        Outcome::NotSolved,
        r"(?:解決(?:しません|しない|していません|しておりません|できません|できない|に至|しなかった)|(?:直|治|なお)(?:りません|らない|っていません|らなかった)|(?:改善|解消|復旧)(?:しません|しない|していません|されません|されない|されていません|せず)|(?:やはり|やっぱり|まだ|相変わらず|依然(?:として)?|同じ(?:く)?)[^。\n]{0,20}(?:できません|できない|出来ません|つながりません|つながらない|繋がりません|繋がらない|ダメ|だめ|駄目|エラー|届きません|届かない|入れません|入れない|動きません|動かない|同じ(?:状態|状況|症状|エラー))|(?:試し|やっ|実施し)(?:て(?:み)?|てみ)?ま?した?(?:が|けど|けれど)[^。\n]{0,20}(?:だめ|ダメ|駄目|変わ(?:らない|りません)|できま?せん|できない|同じ)|(?:回答|案内|答え|記事)(?:では|が)[^。\n]{0,12}(?:違い|ちがい|違う|解決(?:でき|し)(?:ない|ません)|役に立))",
    ),
    (
        Outcome::NotSolved,
        r"(?-u:\b)(?:(?:did|does|do)(?:n't| not) (?:help|work|solve|fix|resolve)|(?:still|is still|it still) (?:not working|not fixed|broken|failing|fails|doesn't|does not|don't|can't|cannot|happening|the same|get(?:ting)? the same|having (?:the same|this|issues?|problems?)|not (?:resolved|solved|able))|(?:not|isn't|is not|wasn't|hasn't been|has not been) (?:yet )?(?:solved|resolved|fixed)|no luck|same (?:problem|issue|error) (?:again|as before|persists|remains)|(?:problem|issue|error) (?:persists|remains|is back|came back)|(?:not|isn't) what i (?:asked|meant))(?-u:\b)",
    ),
];

/// All that a text of nothing but thanks may hold. Matched against one sentence at a time.
const THANKS: &str = concat!(
    r"^(?:(?:ご|御)?(?:丁寧|迅速|早速|早々|素早い|対応|回答|返信|連絡|教示|案内|説明|親切|早い|とても|大変|本当に|誠に|どうも|いろいろ|色々|この度は|今回は|すぐに|早く|ご?(?:確認|協力|尽力))(?:な|の|に|を|、|い|して(?:いただき|頂き|くださり|下さり|くれて)|いただき|頂き|くださり|下さり)*[ 、]*)*",
    r"(?:ありがとう(?:ございま(?:す|した)|ござい)?|有(?:り)?難う(?:ございま(?:す|した))?|有難うございま(?:す|した)|感謝(?:します|いたします|致します|しています|しております|申し上げます)?|助かりま(?:した|す)|たすかりま(?:した|す)|恐縮です|サンキュー|(?:お|御)礼申し上げます)[!。 ♪笑wm(_)]*$",
    r"|^(?:承知|了解|かしこまり|わかり|分かり|確認)(?:いた|致)?(?:し)?ました[!。 ]*$",
    r"|^(?:(?:ok|okay|great|perfect|awesome|excellent|cool|got it|understood|wonderful|super|nice|noted)[ ,!.]*)*(?:(?:many |a lot of )?thanks?(?: you)?|thank you|thx|cheers|much appreciated|(?:i )?(?:really )?appreciate (?:it|(?:the|your) help)|ty)(?: so much| very much| a lot| again| a bunch| everyone| all| guys| team)*(?: (?:for|to) (?:your|the|all|everyone|you|this|that|quick|prompt|fast|kind|great|help|helping|me|us|support|reply|response|assistance|answer|time|update|information|info|getting|back|so|quickly|resolving|fixing|it|and|swift|effort|explanation)(?: (?:your|the|all|you|this|that|quick|prompt|fast|kind|great|help|helping|me|us|support|reply|response|assistance|answer|time|update|information|info|back|to|so|quickly|it|and|swift|effort|explanation|out))*)?[ !.,:)]*$",
    r"|^(?:great|perfect|awesome|excellent|got it|understood|wonderful|noted|ok|okay)[ !.]*$",
);

/// One of these stands in every text of nothing but thanks.
const THANKING: &[&str] = &[
    "ありがと",
    "難う",
    "感謝",
    "助かり",
    "たすかり",
    "恐縮",
    "サンキュー",
    "お礼",
    "御礼",
    "ました",
    "thank",
    "thx",
    "cheers",
    "apprecia",
    "ty",
    "great",
    "perfect",
    "awesome",
    "excellent",
    "got it",
    "understood",
    "wonderful",
    "noted",
    "ok",
];

/// A longer text says more than thanks or solved, whatever it begins with. Characters.
const SHORT: usize = 160;

/// The patterns, compiled when they are first needed.
pub(super) struct Wishes {
    anywhere: PatternSet,
    outcomes: PatternSet,
    thanks: Pattern,
}

impl Wishes {
    pub(super) fn build() -> Result<Self, BuildError> {
        let fault = |source| BuildError::Pattern { place: "the wishes".to_owned(), source };
        let set = |patterns: Vec<&'static str>| PatternSet::new(patterns).map_err(|(_, source)| fault(source));
        Ok(Self {
            anywhere: set(ANYWHERE.iter().map(|(_, pattern)| *pattern).collect())?,
            outcomes: set(OUTCOMES.iter().map(|(_, pattern)| *pattern).collect())?,
            thanks: Pattern::new(THANKS, false).map_err(fault)?,
        })
    }

    /// The wishes in a normalised text (subject, newline, newly written text), each once, in the order of [`Wish::ALL`].
    /// `reply` is the newly written text alone: thanks and outcomes are read there, an old subject proves nothing.
    pub(super) fn find(&self, text: &str, reply: &str) -> Vec<Wish> {
        let mut found: Vec<Wish> =
            self.anywhere.matches(text).into_iter().filter_map(|(number, _)| Some(ANYWHERE.get(number)?.0)).collect();
        if found.contains(&Wish::Low) && !plainly_urgent(text) {
            // `急ぎではありません` and `not urgent` hold the words of the opposite.
            found.retain(|wish| *wish != Wish::High);
        }
        let reply = courtesy::strip(reply);
        let short = reply.chars().take(SHORT + 1).count() <= SHORT;
        if short {
            self.outcome(&reply, &mut found);
        }
        Wish::ALL.iter().copied().filter(|wish| found.contains(wish)).collect()
    }

    fn outcome(&self, reply: &str, found: &mut Vec<Wish>) {
        let matched = self.outcomes.matches(reply);
        let is =
            |outcome: Outcome| matched.iter().any(|(number, _)| OUTCOMES.get(*number).is_some_and(|o| o.0 == outcome));
        if is(Outcome::NotSolved) {
            found.push(Wish::NotSolved);
            return;
        }
        if is(Outcome::More) || !found.is_empty() {
            return;
        }
        if is(Outcome::Solved) {
            found.push(Wish::Solved);
        }
        if found.is_empty() && self.only_thanks(reply) {
            found.push(Wish::Thanks);
        }
    }

    fn only_thanks(&self, reply: &str) -> bool {
        let mut sentences =
            reply.split(['\n', '。', '!', '.']).map(str::trim).filter(|part| !part.is_empty()).peekable();
        let thanks = |part: &str| {
            THANKING.iter().any(|word| part.contains(word))
                && self.thanks.regex().is_some_and(|pattern| pattern.is_match(part))
        };
        sentences.peek().is_some() && sentences.all(thanks)
    }
}

/// Urgent in words that no `not` turns round.
fn plainly_urgent(text: &str) -> bool {
    static URGENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"大至急|至急|緊急|asap|immediately|今すぐ").ok());
    URGENT.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// The language of a text, by its script; the desk's own guess when nothing tells.
pub(super) fn language_of(text: &str, otherwise: Language) -> Language {
    crate::text::language::detect(text).unwrap_or(otherwise)
}
