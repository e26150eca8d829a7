//! The words of a report in both languages, side by side.

use super::facts::{Cause, Deed};
use crate::domain::{ClockKind, ClockLevel, Language, Status};

/// Makes the struct and its two values, so that no word can be missing in one of the languages.
macro_rules! both {
    ($($name:ident: $ja:literal, $en:literal;)+) => {
        /// Words of one language.
        #[derive(Debug, PartialEq)]
        #[expect(missing_docs, reason = "the words are their own description")]
        pub struct Words { pub language: Language, $(pub $name: &'static str,)+ }

        static JA: Words = Words { language: Language::Ja, $($name: $ja,)+ };
        static EN: Words = Words { language: Language::En, $($name: $en,)+ };
    };
}

both! {
    report: "サポート窓口 報告書", "Support desk report";
    period: "対象期間", "Period";
    compared: "比較対象", "Compared with";
    made: "作成日時", "Made at";
    nothing: "該当なし", "nothing";
    total: "合計", "total";
    unknown: "（不明）", "(unknown)";
    type_: "依頼種別", "request type";
    promise: "項目", "promise";
    level: "区分", "level";
    target: "目標", "target";
    count: "件数", "count";
    met: "達成", "met";
    missed: "未達", "missed";
    open: "進行中", "open";
    share: "達成率", "share";
    part: "割合", "share";
    verdict: "判定", "verdict";
    kept: "達成", "met";
    broken: "未達", "missed";
    levels: "サービスレベル実績（SLO・SLA）", "Performance against SLO and SLA";
    levels_how: "期間内に受け付けたチケットの約束を、報告作成時点の状態で数える。件数 = 達成 + 未達 + 進行中。達成率 = 達成 ÷ (達成 + 未達)。判定: SLO は達成率が目標割合以上、SLA も同様（設定 [report]）。繰り返す約束（経過報告・再応答）は一回ごとに数える。",
        "Promises on tickets that arrived in the period, as they stand when the report is made. count = met + missed + open. share = met ÷ (met + missed). Verdict: the share reaches the one set in [report]. Promises that come again (updates, next responses) count once for each time.";
    times: "応答・解決までの業務時間", "Working time to first response and to resolution";
    times_how: "期間内に受け付けたチケットのうち、初回応答または解決が済んだもの。業務カレンダーの分、依頼者待ちを除く。p50・p90 は最近順位法。",
        "Tickets of the period with a first response or a resolution. Minutes in the clock's calendar, without time spent waiting for the requester. p50 and p90 by nearest rank.";
    first_count: "初回応答数", "first responses";
    first_p50: "初回応答 p50 分", "first p50 min";
    first_p90: "初回応答 p90 分", "first p90 min";
    solved_count: "解決数", "resolutions";
    solved_p50: "解決 p50 分", "resolved p50 min";
    solved_p90: "解決 p90 分", "resolved p90 min";
    volumes: "受付件数", "Volumes";
    volumes_how: "期間内に受け付けたチケット。サービス = 確認項目 service、なければ host・domain・contract_id。時刻と曜日は窓口の時間帯。",
        "Tickets that arrived in the period. Service: the detail `service`, else host, domain or contract_id. Hours and days in the desk's time zone.";
    by: "切り口", "by";
    what: "内容", "value";
    by_channel: "チャネル", "channel";
    by_service: "サービス", "service";
    by_type: "依頼種別", "request type";
    by_queue: "窓口", "queue";
    by_hour: "時刻", "hour";
    by_weekday: "曜日", "weekday";
    by_outcome: "処理", "handled";
    alone: "自動回答で完結", "answered by the machine alone";
    people: "担当者が対応", "worked on by people";
    recovered_alone: "アラートが自動復旧", "an alert that recovered by itself";
    workload: "作業量", "Workload";
    workload_how: "期間内に担当者が行った操作の見積り。返信一件 × 返信の分 + その他の操作一件 × 操作の分（設定 [report] reply_minutes, change_minutes）。チームは操作時の窓口。",
        "What agents did in the period, estimated: replies × reply_minutes + other actions × change_minutes ([report]). The team is the queue the ticket was in.";
    team: "チーム", "team";
    replies: "返信", "replies";
    changes: "その他の操作", "other actions";
    minutes: "分", "minutes";
    unit_minutes: "分", "min";
    unit_hours: "時間", "h";
    tickets: "チケット", "tickets";
    incidents: "重大障害", "Major incidents";
    incidents_how: "サービスに影響のある障害（障害の種別で優先度 critical）と、停止を記録したもの。停止時間 = 記録した停止から復旧まで、記録がなければ受付から解決まで。再開後も含む。期間内の分だけ、計画メンテナンスの外だけを数える。原因と回避策は記録か問題管理から。報告の間に合い・遅れは経過報告の約束（1時間ごと）の回数。",
        "Incidents with service impact (incident types of priority critical), and whatever was stated to have been down. Downtime: as stated, else from arrival to resolution; and again after a reopening; as far as it lies in the period and outside planned maintenance. Cause and workaround as stated or from the problem. In time and late: how often the promise of an interim report was kept and missed.";
    problem: "問題", "problem";
    workaround: "回避策", "workaround";
    reports: "経過報告", "interim reports";
    in_time: "期限内", "in time";
    late: "遅れ", "late";
    date: "日時", "date";
    service: "サービス", "service";
    event: "事象", "event";
    cause: "原因", "cause";
    downtime: "停止 分", "downtime min";
    state: "状態", "state";
    lasts: "継続中", "lasts";
    recovered: "復旧", "recovered";
    availability: "可用性", "Availability";
    availability_how: "可用性 = (計画稼働時間 − 停止時間) ÷ 計画稼働時間。5分以上の停止だけを数え、重なりは一度だけ。計画稼働時間 = 期間（進行中の期間は作成時点まで）から計画メンテナンスを除いた時間。計画メンテナンス中の停止は数えない。MTTR = 停止時間の平均。判定: MTTR {mttr}分以内、最長 {longest}分以内、停止は期間内 {outages}回以内。",
        "(planned service time − downtime) ÷ planned service time. Only outages of 5 minutes or more, overlaps once. Planned: the period, up to now while it lasts, without planned maintenance; being down in it does not count. MTTR: mean length. Verdict: MTTR within {mttr} min, the longest within {longest} min, at most {outages} outages in the period.";
    outages: "停止回数", "outages";
    longest: "最長 分", "longest min";
    mttr: "MTTR 分", "MTTR min";
    planned: "計画 分", "planned min";
    complaints: "苦情", "Complaints";
    complaints_how: "苦情台帳のうち期間内のもの。台帳にない苦情の種別のチケットも含む。連絡先は伏せる。",
        "The register's complaints of the period, and tickets of a complaint type that are not in it. Addresses and numbers are taken out.";
    content: "内容", "content";
    action: "対応", "action";
    action_at: "対応日時", "done at";
    action_by: "対応者", "done by";
    problems: "問題一覧", "Problems";
    problems_how: "期間中に問題一覧にあったもの。状態は期間末のもの。発生 = 期間内に見られたチケット数。",
        "Problems on the list at some time of the period, as they stood when it ended. Seen: on how many tickets in the period.";
    problems_open: "未解決の問題", "open problems";
    owner: "担当", "owner";
    opened: "開始", "opened";
    closed: "終了", "closed";
    seen: "発生", "seen";
    settled: "解決済み", "closed";
    unsettled: "未解決", "open";
    approvals: "承認", "Approvals";
    approvals_how: "期間内に承認を求めた作業。依頼 = 承認 + 却下 + 待ち + 失効（返事の前にチケットが終了）。時間は業務時間の分で、求めてから返事まで（待ちは作成時点まで）。",
        "Work for which leave was asked in the period. requested = approved + declined + waiting + lapsed (the ticket ended first). Working minutes from the question to the answer; for what still waits, to when the report is made.";
    requested: "依頼", "requested";
    approved: "承認", "approved";
    declined: "却下", "declined";
    waits: "待ち", "waiting";
    lapsed: "失効", "lapsed";
    decided_p50: "返事 p50 分", "answer p50 min";
    decided_p90: "返事 p90 分", "answer p90 min";
    waits_longest: "最長の待ち 分", "longest wait min";
    satisfaction: "満足度", "Satisfaction";
    satisfaction_how: "期間内の評価（1〜5）。チケット一件につき最後の評価を数える。平均 = 評価の和 ÷ 件数。回答率 = 期間内に尋ねたチケットのうち評価のあったもの ÷ 尋ねたもの。",
        "Ratings of the period, 1 to 5, the last one of each ticket. Mean = sum of ratings ÷ count. Answered: of the tickets whose requester was asked in the period, those with a rating.";
    asked: "尋ねた件数", "asked";
    answered: "回答率", "answered";
    satisfaction_groups: "満足度（窓口・種別ごと）", "Satisfaction by queue and request type";
    satisfaction_groups_how: "計算は満足度と同じ。窓口の自己評価として、同じ窓口・種別の SLO 達成率を並べる。",
        "As above; beside it what the desk says of itself: the share of its own targets (SLO) it met there.";
    satisfaction_questions: "満足度（質問ごと）", "Satisfaction by question";
    satisfaction_questions_how: "質問（設定 [satisfaction]）ごとの1〜5の評価。平均 = 評価の和 ÷ 件数。満足 = 4以上の割合。自己評価 = 窓口自身が期間について設定に書いたもの。",
        "Ratings of each question in [satisfaction], 1 to 5. Mean = sum of ratings ÷ count. Content: the share of 4 and 5. Own: what the desk wrote in the settings about itself in the period.";
    question: "質問", "question";
    overall: "全体の満足度", "satisfied on the whole";
    content_share: "満足（4以上）", "content (4 or 5)";
    own: "自己評価", "own";
    satisfaction_comments: "満足度の自由記述", "What was written with a rating";
    satisfaction_comments_how: "評価に添えられた文。メールアドレス・電話番号・カード番号は伏せる。", "In the requesters' words; mail addresses, telephone and card numbers are taken out.";
    rating: "評価", "rating";
    mean: "平均", "mean";
    unit: "単位", "unit";
    trends: "前期との比較", "Trends against the last period";
    trends_how: "同じ計算を前期間にも行う。変化 = 今期 − 前期。", "The same figures for the period before. Change = this − last.";
    figure: "指標", "figure";
    this: "今期", "this";
    last: "前期", "last";
    change: "変化", "change";
    nonconformities: "不適合と原因", "Nonconformities and their causes";
    nonconformities_how: "未達の約束、誤った自動回答、再開、送れなかった返信、処理できなかった連絡。原因は履歴から分類する。",
        "Missed promises, wrong answers, reopened tickets, replies given up, messages that could not be handled. Causes as the history shows them.";
    wrong_answer: "誤った自動回答", "wrong automatic answer";
    reopened: "再開", "reopened";
    undelivered: "送れなかった返信", "reply given up";
    buried: "処理できなかった連絡", "message put aside";
    precision: "自動回答の精度", "Answer precision";
    precision_how: "期間内に人が評価した自動回答。精度 = 正 ÷ (正 + 誤)。範囲は Wilson 95 %。",
        "Answers that people judged in the period. Precision = right ÷ (right + wrong). Range: Wilson, 95 %.";
    answers: "自動回答", "answers";
    suggestions: "候補の提示", "suggestions";
    right: "正", "right";
    wrong: "誤", "wrong";
    low: "下限", "low";
    high: "上限", "high";
    knowledge: "ナレッジの状態", "Knowledge health";
    knowledge_how: "期限切れ = 棚卸し日が期間末より前。未使用 = 期間内に一度も自動回答に使われなかった公開記事。答えられなかった質問の後は、報告作成時点の点検（kb health）の指摘。",
        "Overdue: the review date is before the end of the period. Unused: public articles that answered nothing in the period. Below the unanswered questions: what `kb health` finds when the report is made.";
    articles: "記事数", "articles";
    internal: "うち内部", "of these internal";
    overdue: "棚卸し期限切れ", "review overdue";
    used: "使用された記事", "used";
    unused: "未使用", "unused";
    misleading: "誤りの評価が多い記事", "judged wrong more often than right";
    unanswered: "記事で答えられなかった質問", "questions without an answering article";
    automation: "自動化の効果", "Automation ledger";
    automation_how: "節約時間 = 件数 × 一件の分 ÷ 60（設定 [report.minutes]）。期間内に自動で行った操作。",
        "Hours saved = count × minutes each ÷ 60 ([report.minutes]). What the machine did in the period.";
    minutes_each: "一件の分", "minutes each";
    hours_saved: "節約時間", "hours saved";
    sla_missed: "SLA 未達", "SLA promises missed";
    slo_share: "SLO 達成率", "SLO share met";
    sla_share: "SLA 達成率", "SLA share met";
    ids: "明細", "from";
}

/// The words of `language`.
#[must_use]
pub fn words(language: Language) -> &'static Words {
    match language {
        Language::Ja => &JA,
        Language::En => &EN,
    }
}

impl Words {
    const fn pick(&self, ja: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    pub(super) const fn clock(&self, kind: ClockKind) -> &'static str {
        match kind {
            ClockKind::FirstResponse => self.pick("初回応答・第一報", "first response"),
            ClockKind::NextResponse => self.pick("再応答", "next response"),
            ClockKind::Update => self.pick("経過報告", "update"),
            ClockKind::Resolution => self.pick("解決", "resolution"),
        }
    }

    pub(super) const fn level(level: ClockLevel) -> &'static str {
        match level {
            ClockLevel::Slo => "SLO",
            ClockLevel::Sla => "SLA",
        }
    }

    pub(super) const fn status(&self, status: Status) -> &'static str {
        match status {
            Status::New => self.pick("新規", "new"),
            Status::Open => self.pick("対応中", "open"),
            Status::Waiting => self.pick("回答待ち", "waiting"),
            Status::Answered => self.pick("自動回答済み", "answered"),
            Status::Resolved => self.pick("解決", "resolved"),
            Status::Closed => self.pick("完了", "closed"),
        }
    }

    pub(super) const fn cause_of(&self, cause: Cause) -> &'static str {
        match cause {
            Cause::NobodyTookIt => self.pick("期限までに担当者が付かなかった", "nobody had taken it when it was due"),
            Cause::TakenButNoWord => {
                self.pick("担当者は付いたが連絡がなかった", "somebody had it and did not write in time")
            }
            Cause::NoInterimReport => self.pick("経過報告が途切れた", "no interim report in time"),
            Cause::PassedOn => self.pick("窓口間の引き継ぎ後に遅れた", "late after it was passed to another queue"),
            Cause::CameBack => self.pick("再開後に遅れた", "late after it was reopened"),
            Cause::NotDone => self.pick("作業が期限に終わらなかった", "the work was not done in time"),
        }
    }

    pub(super) const fn deed(&self, deed: Deed) -> &'static str {
        match deed {
            Deed::Filed => self.pick("チケットの自動起票", "tickets filed"),
            Deed::Escalated => self.pick("二次窓口への自動エスカレーション", "passed to the second line by a rule"),
            Deed::Answered => self.pick("定型回答の自動送信", "requests answered with an article"),
            Deed::Suggested => self.pick("回答候補の提示", "articles suggested"),
            Deed::Asked => self.pick("不足項目の確認", "missing details asked for"),
            Deed::Informed => self.pick("受付・状況の自動連絡", "receipts and states sent"),
            Deed::Joined => self.pick("繰り返すアラートの集約", "repeated alerts put on one ticket"),
        }
    }

    pub(super) const fn weekday(&self, monday_first: usize) -> &'static str {
        const JA: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];
        const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        self.pick(JA[monday_first % 7], EN[monday_first % 7])
    }
}
